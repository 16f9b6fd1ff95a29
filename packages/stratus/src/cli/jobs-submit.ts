import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { NewJob } from '../store/index.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { commandName, outputFor } from './output.ts';
import { decimal, size, time } from './quantities.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface SubmitOptions extends WorkspaceFlags {
  readonly key?: string;
  readonly name?: string;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly priority?: number;
  readonly cores?: number;
  readonly memory?: number;
  readonly timeout?: number;
  readonly grace?: number;
  readonly retries?: number;
  readonly backoff?: number;
  readonly after?: readonly string[];
  readonly cron?: string;
  readonly timeZone?: string;
  readonly preemptible?: boolean;
  readonly json?: boolean;
}

const more = (value: string, before: readonly string[] = []): string[] => [...before, value];

function variable(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be NAME=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** A whole number, negative ones too. */
function whole(text: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** `stratus jobs submit` */
export function addJobsSubmit(jobs: Command): void {
  const command = jobs
    .command('submit')
    .summary('queue a command')
    .description(
      'Queues a command; a supervisor runs it (stratus jobs run). No shell reads it. A script alone stands for stratus train SCRIPT: that is stopped at\nany step and goes on from there, and has a folder for checkpoints of its own, checkpoints/KEY.',
    )
    .argument('<command...>', 'the program and its arguments; options before it are those of submit')
    .passThroughOptions()
    .option('--key <key>', 'what to call it by; drawn at random unless told')
    .option('--name <text>', 'for people; the command unless told')
    .option('--cwd <folder>', 'where it runs', '.')
    .option('--env <name=value>', 'a variable of its environment, again for more; it lies in the store as it is', variable)
    .option('--priority <n>', 'higher ones first; 0 unless told', whole)
    .option('--cores <n>', 'how many it needs; 1 unless told', decimal)
    .option('--memory <size>', 'how much it needs: 4GB', size)
    .option('--timeout <time>', 'stop an attempt that takes longer: 90s, 1.5h', time)
    .option('--grace <time>', 'between SIGTERM and SIGKILL; 30s unless told', time)
    .option('--retries <n>', 'try so often again after failures; 0 unless told', wholeNumber(0))
    .option('--backoff <time>', 'the pause after the first failure, twice as long after each further one; 10s unless told', time)
    .option('--after <key>', 'a job that has to succeed first, again for more', more)
    .option('--cron <schedule>', "run again and again: minute, hour, day, month, day of the week, as in '30 2 * * 1-5'")
    .option('--time-zone <name>', 'of the schedule, as in Europe/Zurich; that of this machine unless told')
    .option('--preemptible', 'it saves at SIGTERM, exits with 75 and can go on; true for stratus train and stratus sweep run')
    .addOption(jsonOption())
    .action((words: readonly string[], options: SubmitOptions) => submit(words, options));
  withExamples(
    withWorkspace(command),
    'stratus jobs submit train.ts',
    'stratus jobs submit --cores 4 --retries 3 -- stratus train train.ts --epochs 20',
    "stratus jobs submit --cron '0 3 * * *' -- node clean.js --all",
    'stratus jobs submit --after 4kx -- stratus evaluate model.onnx',
  );
}

/** A script alone is a training; what follows it are its own arguments and options of `stratus train`. */
function commandOf(words: readonly string[], cwd: string): readonly string[] {
  const [first = ''] = words;
  const isScript = /\.[cm]?[jt]s$/.test(first) && existsSync(resolve(cwd, first));
  return isScript ? ['stratus', 'train', ...words] : words;
}

async function submit(words: readonly string[], options: SubmitOptions): Promise<void> {
  const { canGoOn } = await import('../jobs/index.ts');
  const cwd = resolve(options.cwd);
  const command = commandOf(words, cwd);
  const { key, name, env, priority, cores, memory, timeout, grace, retries, backoff, cron, timeZone } = options;
  const output = outputFor(options);
  await inWorkspace(options, async ({ store: { jobs } }) => {
    const needs = await Promise.all((options.after ?? []).map((one) => jobs.find(one)));
    const wanted: { [K in keyof NewJob]: NewJob[K] | undefined } = {
      command,
      cwd,
      key,
      name,
      env,
      priority,
      cores,
      memoryBytes: memory,
      timeoutMs: timeout,
      graceMs: grace,
      retries,
      backoffMs: backoff,
      needs,
      preemptible: options.preemptible ?? canGoOn(command),
      schedule: cron,
      timeZone,
    };
    const said = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as unknown as NewJob;
    const job = await jobs.submit(said);
    output.data(job);
    output.print(job.key);
    output.note(
      `Runs as soon as a supervisor has room: ${commandName()} jobs run. Follow it: ${commandName()} jobs logs -f ${job.key}`,
    );
  });
}
