import { fail } from '@stratus/core';
import { nextTime } from './job-schedule.ts';
import { checkName, checkText, checkTitle, checkWhole, newKey } from './names.ts';
import { jsonOf } from './run-values.ts';

/** What a job is made of. */
export interface NewJob {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Who wants it, for histories; who the store was opened by where it is left out. */
  readonly by?: string;
  /** What commands call it by; drawn at random where it is left out. */
  readonly key?: string;
  /** For people; the command where it is left out. */
  readonly name?: string;
  /** An absolute path on the machine that will run it. */
  readonly cwd: string;
  /** Is added to the environment of the supervisor. It lies in the store as it is: no place for secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Higher ones first; 0 where it is left out. */
  readonly priority?: number;
  /** Of the machine's cores; 1. */
  readonly cores?: number;
  /** In bytes; 0: not counted. */
  readonly memoryBytes?: number;
  /** An attempt that runs for longer is stopped. */
  readonly timeoutMs?: number;
  /** The time between SIGTERM and SIGKILL; 30 seconds. */
  readonly graceMs?: number;
  /** How often it is tried again after failures; 0. */
  readonly retries?: number;
  /** The pause after the first failure; twice as long after each one more. 10 seconds. */
  readonly backoffMs?: number;
  /** Keys of jobs that have to succeed first. */
  readonly needs?: readonly string[];
  /** It may be stopped for a job of higher priority: at SIGTERM it saves what it has, exits with 75 and goes on later. */
  readonly preemptible?: boolean;
  /** When it runs, again and again: minute, hour, day, month, day of the week. */
  readonly schedule?: string;
  /** Of the schedule; that of the process that asks where it is left out. */
  readonly timeZone?: string;
}

const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;
const second = 1000;

function commandOf(command: unknown): string[] {
  const isList = Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === 'string');
  if (!isList || command[0] === '')
    throw fail('bad-value', { what: 'the command of a job', got: JSON.stringify(command), want: 'a program and its arguments' });
  for (const part of command) checkText('the command of a job', part, 100_000);
  return command as string[];
}

function envOf(env: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(env)) {
    if (!variable.test(name))
      throw fail('bad-value', {
        what: 'a variable of the environment',
        got: JSON.stringify(name),
        want: 'letters, digits and _',
      });
    checkText(`the variable ${name}`, value, 100_000);
  }
  return { ...env };
}

const wholeOr = (what: string, value: number | undefined, other: number, least = 0): number =>
  value === undefined ? other : checkWhole(what, value, least);

function coresOf(cores = 1): number {
  if (Number.isFinite(cores) && cores >= 0) return cores;
  throw fail('bad-value', { what: 'the cores of a job', got: String(cores), want: 'a number from 0' });
}

/** What people read of a command where the job has no name: one line, not too long. */
const titleOf = (command: readonly string[]): string => {
  const text = command.join(' ').replaceAll(/\s+/g, ' ').trim();
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
};

/** The row of a new job, but for where it stands. Errors: `bad-value`. */
export function rowOf(job: NewJob, now: number) {
  const command = commandOf(job.command);
  if (!/^(\/|[A-Za-z]:[\\/])/.test(checkText('the folder of a job', job.cwd, 10_000)))
    throw fail('bad-value', { what: 'the folder of a job', got: job.cwd, want: 'an absolute path' });
  const timeZone = job.schedule === undefined ? null : (job.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  const schedule = job.schedule === undefined ? null : checkTitle('the schedule', job.schedule);
  return {
    key: job.key === undefined ? newKey() : checkName('the key of a job', job.key),
    name: checkTitle('the name of a job', job.name ?? titleOf(command)),
    command: jsonOf(command, 'the command of a job'),
    cwd: job.cwd,
    env: jsonOf(envOf(job.env ?? {}), 'the environment of a job'),
    priority: wholeOr('the priority of a job', job.priority, 0, Number.MIN_SAFE_INTEGER),
    cores: coresOf(job.cores),
    memory: wholeOr('the memory of a job', job.memoryBytes, 0),
    timeout_ms: job.timeoutMs === undefined ? null : checkWhole('the timeout of a job', job.timeoutMs, 1),
    grace_ms: wholeOr('the grace of a job', job.graceMs, 30 * second),
    retries: wholeOr('the retries of a job', job.retries, 0),
    backoff_ms: wholeOr('the backoff of a job', job.backoffMs, 10 * second),
    preemptible: job.preemptible ? 1 : 0,
    schedule,
    time_zone: timeZone,
    not_before: schedule === null ? null : nextTime(schedule, timeZone, now),
  };
}
