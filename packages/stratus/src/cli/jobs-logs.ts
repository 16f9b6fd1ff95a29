import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { byteCount } from '../progress/index.ts';
import type { JobLogPiece, Jobs } from '../store/index.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface LogsOptions extends WorkspaceFlags {
  readonly follow?: boolean;
  readonly attempt?: number;
  readonly json?: boolean;
}

/** `stratus jobs logs` */
export function addJobsLogs(jobs: Command): void {
  const command = jobs
    .command('logs')
    .summary('show what one printed')
    .description('Shows what a job printed, standard error on standard error. Of much output the beginning and the end are kept.')
    .argument('<key>', 'the job: its key, or as much of it as no other has')
    .option('-f, --follow', 'wait for more, until the job is over')
    .option('--attempt <n>', 'only of this attempt', wholeNumber(1))
    .addOption(jsonOption())
    .action((key: string, options: LogsOptions) => logs(key, options));
  withExamples(withWorkspace(command), 'stratus jobs logs 4kx', 'stratus jobs logs -f 4kx');
}

const isOver = async (jobs: Jobs, key: string): Promise<boolean> =>
  ['succeeded', 'failed', 'cancelled', 'lost'].includes((await jobs.get(key)).status);

const lookEveryMs = 300;

async function logs(prefix: string, options: LogsOptions): Promise<void> {
  const output = outputFor(options);
  const { attempt, follow = false } = options;
  await inWorkspace(options, async ({ store: { jobs } }) => {
    const key = await jobs.find(prefix);
    let last: JobLogPiece | undefined;
    for (;;) {
      const over = !follow || (await isOver(jobs, key)); // asked before reading: what it printed until then is read
      for (;;) {
        const pieces = await jobs.logs(key, { after: last?.number ?? 0, limit: 100, ...(attempt !== undefined && { attempt }) });
        for (const piece of pieces) {
          const isFirst = piece.attempt !== last?.attempt;
          if (isFirst && last !== undefined) output.note(`— attempt ${piece.attempt} —`);
          if (piece.part === 'tail' && (isFirst || last?.part === 'head')) output.note(await leftOut(jobs, key, piece.attempt));
          last = piece;
          const { number, at, ...shown } = piece;
          output.data({ ...shown, number, at });
          if (!output.json) (piece.stream === 'stderr' ? process.stderr : process.stdout).write(piece.text);
        }
        if (pieces.length === 0) break;
      }
      if (over) return;
      await sleep(lookEveryMs);
    }
  });
}

async function leftOut(jobs: Jobs, key: string, attempt: number): Promise<string> {
  const bytes = (await jobs.attempts(key)).find(({ number }) => number === attempt)?.droppedBytes ?? 0;
  return bytes === 0 ? '' : `— ${byteCount(bytes)} are left out here: only the beginning and the end of much output are kept —`;
}
