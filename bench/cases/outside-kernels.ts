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

interface Outside {
  readonly fit: readonly number[];
  readonly engine: readonly number[];
  readonly profiled: { readonly run: number; readonly inside: number };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

export const run: Run = async (context) => {
  const { root, log, signal } = context;
  const program = await plainJs(root, 'bench/peers/stratus-outside.ts');
  const results: Result[] = [];
  const timed: Record<string, object> = {};
  for (const name of names) {
    const { stepModel } = await stepModels[name]();
    const args = [String(threadCounts.at(-1)), name, quick ? '2' : '5', '3'];
    const one = await child<Outside>(program, args, signal);
    timed[name] = one;
    log(`${name}: done`);
    const { ratio, low, high } = pairedRatio(one.engine, one.fit);
    const gaps = 1 - one.profiled.inside / one.profiled.run;
    results.push({
      name: `${stepModel.title}: share of a step outside kernels`,
      reached: 1 - ratio * (1 - gaps),
      target: 0.03,
      better: 'lower',
      unit: 'share',
      detail:
        `${median(one.fit).toFixed(1)} ms a step of fit; outside of the engine ${percent(1 - ratio)} (middle half ${percent(1 - high)} to ${percent(1 - low)}), ` +
        `in the engine between kernels ${percent(gaps)}, with what its profiler takes`,
    });
  }
  return keep(context, 'outside-kernels', { results, timed });
};
