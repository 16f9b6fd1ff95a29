import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { JobEvent } from '../jobs/index.ts';
import { explain } from './failure.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { decimal, size, time } from './quantities.ts';
import { onStopSignal } from './stop.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface RunOptions extends WorkspaceFlags {
  readonly cores?: number;
  readonly memory?: number;
  readonly lease?: number;
  readonly spool?: string;
  readonly drain?: boolean;
  readonly json?: boolean;
}

/** `stratus jobs run` */
export function addJobsRun(jobs: Command): void {
  const command = jobs
    .command('run')
    .summary('run what is queued')
    .description(
      'Runs jobs until it is stopped. Ctrl-C and SIGTERM let what runs save and end, to go on later; a second one leaves it to the next supervisor,\nas kill -9 does: jobs outlive their supervisor for the time of the lease.',
    )
    .option('--cores <n>', 'what all jobs of this machine together may use; all unless told', decimal)
    .option('--memory <size>', 'likewise', size)
    .option('--lease <time>', 'how long jobs run on without a supervisor; 2m unless told', time)
    .option('--spool <folder>', 'where output lies until it is in the store; .stratus/spool unless told')
    .option('--drain', 'end when there is nothing left to do')
    .addOption(jsonOption())
    .action((options: RunOptions) => run(options));
  withExamples(
    withWorkspace(command),
    'stratus jobs run',
    'stratus jobs run --cores 8 --memory 32GB',
    'stratus jobs run --drain',
  );
}

/** What happens to jobs, for people. */
export const jobLine = (event: JobEvent): string => {
  if (event.type === 'trouble') return `Trouble: ${explain(event.error).message}`;
  const name = `${event.job}, attempt ${event.attempt}`;
  if (event.type === 'began') return `${name}: began, process ${event.pid}`;
  if (event.type === 'adopted') return `${name}: taken over, process ${event.pid}`;
  if (event.type === 'taken') return `${name}: somebody else has taken it over`;
  if (event.type === 'left') return `${name}: ended, which the store could not be told; the next supervisor tells it`;
  return `${name}: ${event.status}, ${event.reason}`;
};

async function run(options: RunOptions): Promise<void> {
  const { superviseJobs } = await import('../jobs/index.ts');
  const { keepBringingHome } = await import('../tracking/index.ts');
  const output = outputFor(options);
  const { cores, memory, lease, spool, drain = false } = options;
  const stop = new AbortController();
  onStopSignal(() => {
    output.note('Stopping: what runs saves and ends. Once more leaves it running.');
    stop.abort();
  });
  await inWorkspace(options, async (workspace) => {
    const supervisor = superviseJobs(workspace, {
      ...(cores !== undefined && { cores }),
      ...(memory !== undefined && { memoryBytes: memory }),
      ...(lease !== undefined && { leaseMs: lease }),
      ...(spool !== undefined && { spool }),
      onEvent(event) {
        output.data(event.type === 'trouble' ? { type: 'trouble', ...explain(event.error) } : event);
        output.print(jobLine(event));
      },
    });
    const home = keepBringingHome(workspace, {
      stored: (points) => output.note(`Stored ${points} points that trainings had left in files while the store was away.`),
      trouble: (error) => output.note(`Trouble with what trainings left in files: ${explain(error).message}`),
    });
    output.data({ type: 'ready', store: workspace.store.address, project: workspace.store.project });
    output.note(`Running the jobs of ${workspace.store.address}, project ${workspace.store.project}. Ctrl-C stops.`);
    const { jobs } = workspace.store;
    const isDone = async (): Promise<boolean> => {
      const left = await jobs.list({ status: ['waiting', 'queued', 'running'], limit: 1000 });
      return left.every((job) => job.schedule !== undefined && job.status === 'waiting');
    };
    while (!stop.signal.aborted && !(drain && (await isDone())))
      await sleep(300, undefined, { signal: stop.signal }).catch(() => undefined);
    await supervisor.stop();
    await home.stop();
  });
}
