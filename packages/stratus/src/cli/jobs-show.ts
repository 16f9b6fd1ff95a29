import { type Command, Option } from 'commander';
import { byteCount, duration } from '../progress/index.ts';
import type { AttemptInfo, JobInfo, JobStatus } from '../store/index.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { type Output, outputFor, quoted, table } from './output.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

const statuses: readonly JobStatus[] = ['waiting', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'lost'];

interface LsOptions extends WorkspaceFlags {
  readonly status?: readonly JobStatus[];
  readonly limit: number;
  readonly json?: boolean;
}

/** `stratus jobs ls` */
export function addJobsLs(jobs: Command): void {
  const command = jobs
    .command('ls')
    .summary('list them')
    .description('Lists jobs, the newest first.')
    .addOption(new Option('--status <name...>', 'only those that are so').choices([...statuses]))
    .option('--limit <n>', 'so many', wholeNumber(1), 50)
    .addOption(jsonOption())
    .action((options: LsOptions) => list(options));
  withExamples(withWorkspace(command), 'stratus jobs ls', 'stratus jobs ls --status running queued');
}

/** `stratus jobs show` */
export function addJobsShow(jobs: Command): void {
  const command = jobs
    .command('show')
    .summary('say how one stands')
    .description('Says what a job is, where it stands, and how every attempt at it ended.')
    .argument('<key>', 'the job: its key, or as much of it as no other has')
    .addOption(jsonOption())
    .action((key: string, options: WorkspaceFlags & { readonly json?: boolean }) => show(key, options));
  withExamples(withWorkspace(command), 'stratus jobs show 4kx');
}

const painted = (status: string, { green, red, yellow, cyan, dim }: Output['colors']): string => {
  if (status === 'succeeded') return green(status);
  if (status === 'failed' || status === 'lost' || status === 'timed-out') return red(status);
  if (status === 'running') return cyan(status);
  return status === 'preempted' ? yellow(status) : status === 'cancelled' ? dim(status) : status;
};

const moment = (date: Date): string => date.toLocaleString('sv-SE');

/** Why a job is where it is, in a few words. */
function because(job: JobInfo): string {
  if (job.wish !== undefined) return job.wish === 'cancel' ? 'is being stopped' : 'is asked to make room';
  if (job.status === 'running') return '';
  const parts: string[] = [];
  if (job.status === 'waiting' && job.needs.length > 0) parts.push(`needs ${job.needs.join(', ')}`);
  if (job.status === 'waiting' && job.notBefore !== undefined) parts.push(`not before ${moment(job.notBefore)}`);
  if (job.reason !== undefined && job.status !== 'succeeded') parts.push(job.reason);
  return parts.join('; ');
}

async function list({ status, limit, ...options }: LsOptions): Promise<void> {
  const output = outputFor(options);
  const found = await inWorkspace(options, ({ store: { jobs } }) => jobs.list({ limit, ...(status && { status }) }));
  output.data({ jobs: found });
  if (found.length === 0) return output.print('No jobs.');
  const { bold, dim } = output.colors;
  const head = ['key', 'status', 'priority', 'tries', 'name', ''].map((text) => dim(text));
  const rows = found.map((job) => [
    bold(job.key),
    painted(job.status, output.colors),
    String(job.priority),
    String(job.attempts),
    job.name.length > 60 ? `${job.name.slice(0, 59)}…` : job.name,
    dim(because(job)),
  ]);
  output.print(table([head, ...rows], ['left', 'left', 'right', 'right']));
}

const timeOf = ({ beganAt, endedAt }: AttemptInfo): string => {
  const ms = (endedAt ?? new Date()).getTime() - beganAt.getTime();
  return duration(Math.max(0, ms) / 1000);
};

async function show(key: string, options: WorkspaceFlags & { readonly json?: boolean }): Promise<void> {
  const output = outputFor(options);
  await inWorkspace(options, async ({ store: { jobs } }) => {
    const found = await jobs.find(key);
    const [job, attempts] = [await jobs.get(found), await jobs.attempts(found)];
    output.data({ ...job, history: attempts });
    const { bold, dim } = output.colors;
    const why = because(job);
    const facts: [string, string | undefined][] = [
      ['job', `${bold(job.key)}  ${job.name}`],
      ['status', `${painted(job.status, output.colors)}${why === '' ? '' : `  ${why}`}`],
      ['command', job.command.map(quoted).join(' ')],
      ['folder', job.cwd],
      [
        'variables',
        Object.entries(job.env)
          .map(([name, value]) => `${name}=${quoted(value)}`)
          .join(' ') || undefined,
      ],
      ['needs', job.needs.join(', ') || undefined],
      ['schedule', job.schedule && `${job.schedule}  ${dim(job.timeZone ?? '')}  occurrence ${job.occurrence}`],
      ['priority', `${job.priority}${job.preemptible ? ', makes room for higher ones' : ''}`],
      ['takes', `${job.cores} cores${job.memoryBytes > 0 ? `, ${byteCount(job.memoryBytes)}` : ''}`],
      [
        'times',
        `${job.timeoutMs === undefined ? 'no timeout' : `at most ${duration(job.timeoutMs / 1000)}`}, grace ${duration(job.graceMs / 1000)}`,
      ],
      ['retries', `${job.retries}${job.failures > 0 ? `, ${job.failures} failures` : ''}`],
      ['submitted', `${moment(job.createdAt)} by ${job.createdBy}`],
    ];
    output.print(table(facts.flatMap(([name, value]) => (value === undefined ? [] : [[dim(name), value]]))));
    if (attempts.length === 0) return;
    const head = ['attempt', 'status', 'began', 'took', 'on', ''].map((text) => dim(text));
    const rows = attempts.map((attempt) => [
      String(attempt.number),
      painted(attempt.status, output.colors),
      moment(attempt.beganAt),
      timeOf(attempt),
      attempt.status === 'running' ? `${attempt.host}, process ${attempt.pid}` : attempt.host,
      attempt.reason ?? '',
    ]);
    output.print();
    output.print(table([head, ...rows], ['right', 'left', 'left', 'right']));
  });
}
