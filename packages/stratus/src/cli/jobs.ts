import type { Command } from 'commander';
import { addJobsLogs } from './jobs-logs.ts';
import { addJobsRun } from './jobs-run.ts';
import { addJobsLs, addJobsShow } from './jobs-show.ts';
import { addJobsSubmit } from './jobs-submit.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface ChangeOptions extends WorkspaceFlags {
  readonly json?: boolean;
}

const changes = {
  cancel: {
    summary: 'stop some, for good',
    description:
      'Cancels jobs. What runs gets SIGTERM, and SIGKILL after its time of grace. A job with a schedule comes no more.',
    done: (key: string, isRunning: boolean) => (isRunning ? `${key} is being stopped.` : `${key} is cancelled.`),
  },
  retry: {
    summary: 'let some begin once more',
    description:
      'Lets jobs that are over begin once more, and those that pause begin now. A training that failed or was cancelled goes on from its\nlatest checkpoint.',
    done: (key: string) => `${key} is queued.`,
  },
  preempt: {
    summary: 'let some make room',
    description:
      'Asks jobs that run to save what they have and to end (SIGTERM, exit code 75). They go on later, at the very step.',
    done: (key: string) => `${key} is asked to make room.`,
  },
} as const;

/** `stratus jobs` */
export function addJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .summary('run trainings and other commands unattended')
    .description('Queues commands, and runs them by priority, with retries, timeouts, dependencies and schedules.')
    .enablePositionalOptions();
  for (const add of [addJobsSubmit, addJobsLs, addJobsShow, addJobsLogs]) add(jobs);
  for (const name of Object.keys(changes) as (keyof typeof changes)[]) addChange(jobs, name);
  addJobsRun(jobs);
  withExamples(jobs, 'stratus jobs submit train.ts', 'stratus jobs run', 'stratus jobs ls', 'stratus jobs logs -f 4k');
}

function addChange(jobs: Command, name: keyof typeof changes): void {
  const { summary, description, done } = changes[name];
  const command = jobs
    .command(name)
    .summary(summary)
    .description(description)
    .argument('<key...>', 'jobs: their keys, or as much of them as no other has')
    .addOption(jsonOption())
    .action((keys: readonly string[], options: ChangeOptions) =>
      inWorkspace(options, async ({ store: { jobs: queue } }) => {
        const output = outputFor(options);
        for (const key of await Promise.all(keys.map((one) => queue.find(one)))) {
          const job = await queue[name](key);
          output.data(job);
          output.print(done(key, job.status === 'running'));
        }
      }),
    );
  withExamples(withWorkspace(command), `stratus jobs ${name} 4kx`);
}
