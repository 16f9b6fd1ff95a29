// NanoGPT's setting for a CPU on tiny Shakespeare: a validation loss of 1.88 in its README. What it writes is on the log.
import { train } from '../../examples/zoo/char-gpt.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  context.log(`It writes:\n${runs[0]!.figures.sample}`);
  return [
    row(runs, {
      name: 'char-gpt: validation loss',
      figure: 'loss',
      target: 1.9,
      better: 'lower',
      unit: 'nats',
      detail: "nanoGPT's README: 1.88",
    }),
  ];
};
