// The share of a training step outside kernels (JavaScript, copies, waiting) for models of over ten million parameters.
import type { Result, Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { keep } from '../shared/keep.ts';
import { threadCounts } from '../shared/peers.ts';
import { plainJs } from '../shared/plain-js.ts';
import { quick } from '../shared/quick.ts';
import { median, pairedRatio } from '../shared/statistics.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';

const names: readonly StepModelName[] = quick ? ['gpt-10m'] : ['gpt-10m', 'resnet-18', 'gpt2-124m'];

export const run: Run = async (context) => {
  const { root, log, signal } = context;
  const program = await plainJs(root, 'bench/peers/stratus-outside.ts');
  const results: Result[] = [];
  const timed: Record<string, object> = {};
  for (const name of names) {
    const { stepModel } = await stepModels[name]();
    const args = [String(threadCounts.at(-1)), name, quick ? '2' : '5', '3'];
    const one = await child<{ fit: number[]; inside: number[] }>(program, args, signal);
    timed[name] = one;
    log(`${name}: done`);
    const { ratio, low, high } = pairedRatio(one.inside, one.fit);
    results.push({
      name: `${stepModel.title}: share of a step outside kernels`,
      // Under the profiler kernels may take longer than the whole step does without it: then this way cannot tell, and nothing was shown.
      reached: ratio > 1 ? Number.NaN : 1 - ratio,
      target: 0.03,
      better: 'lower',
      unit: 'share',
      detail: `${median(one.fit).toFixed(1)} ms a step of fit, ${median(one.inside).toFixed(1)} ms in kernels; middle half ${(1 - high).toFixed(3)} to ${(1 - low).toFixed(3)}`,
    });
  }
  return keep(context, 'outside-kernels', { results, timed });
};
