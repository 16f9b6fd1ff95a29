// A script that prints a gigabyte must not make its supervisor grow, nor fill the disk; and what is kept of it is what is promised.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptBytes } from '../../packages/stratus/src/store/index.ts';
import { loudJob } from '../../packages/stratus/test/loud-job.ts';
import type { Run } from '../result.ts';

const bytes = 1e9;

export const run: Run = async ({ log }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-soak-jobs-'));
  try {
    log(`a job prints ${bytes / 1e9} GB`);
    const report = await loudJob({ folder, bytes });
    const { status, restMb, peakMb, diskMb, seconds, printedBytes, first, last, droppedBytes } = report;
    if (status !== 'succeeded') throw new Error(`the job is ${status}`);
    const name = `a job that prints ${printedBytes / 1e9} GB`;
    const isRight = first === '0' && last === String(printedBytes / 100 - 1);
    return [
      {
        name: `${name}: growth of its supervisor`,
        reached: peakMb - restMb,
        target: 64,
        better: 'lower',
        unit: 'MB',
        detail: `resident ${restMb.toFixed(0)} MB after a job that printed a thousandth of it, at most ${peakMb.toFixed(0)} MB; ${seconds.toFixed(1)} s`,
      },
      {
        name: `${name}: kept`,
        reached: report.keptBytes / keptBytes,
        target: 2.1,
        better: 'lower',
        unit: 'MiB',
        detail: `1 MiB of its beginning and as much of its end, by lines; its output took at most ${diskMb.toFixed(0)} MB of the disk`,
      },
      {
        name: `${name}: bytes that are neither kept nor counted as left out, or not the first and last ones`,
        reached: Math.abs(printedBytes - report.keptBytes - droppedBytes) + (isRight ? 0 : 1),
        target: 0,
        better: 'lower',
        unit: 'bytes',
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
