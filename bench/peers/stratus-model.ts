// A model of bench/shared/step-models.ts in a process of its own, like its peer. Arguments: threads, folder with the data, name, device (or nothing).
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { version } from '@stratus/core';
import { readArrays } from '../shared/arrays.ts';
import { executorOrEnd } from '../shared/executor-on.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';
import { type Steps, timedSteps } from '../shared/timed-steps.ts';

const [threads = '1', folder = '.', name = '', device] = process.argv.slice(2);
const answer = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const executor = await executorOrEnd(device, Number(threads));
const { stepModel } = await stepModels[name as StepModelName]();
const data = readArrays(folder);
const steps = timedSteps(executor, async (recorded) => ({
  model: stepModel.build(recorded, data),
  ...stepModel.feeds(data),
  batchSize: stepModel.batchSize,
}));

/** What the kernel has counted: resident memory at its highest. */
function memory(): { peakMb: number | null } {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
    return { peakMb: Number(kilobytes) / 1024 };
  } catch {
    return { peakMb: null };
  }
}

answer({ library: 'Stratus', version, threads: Number(threads), variants: steps.variants, about: executor.description });
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as ({ do: 'steps' } & Steps) | { do: 'memory' };
  try {
    answer(question.do === 'memory' ? memory() : await steps.run(question));
  } catch (e) {
    answer({ error: e instanceof Error ? (e.stack ?? e.message) : String(e) });
  }
}
process.exit(0);
