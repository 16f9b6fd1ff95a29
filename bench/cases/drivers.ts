// The two drivers of ONNX Runtime in Node: a step of training through the C API beside one through the npm package's binding.
import type { Result, Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { keep } from '../shared/keep.ts';
import { threadCounts } from '../shared/peers.ts';
import { plainJs } from '../shared/plain-js.ts';
import { quick } from '../shared/quick.ts';
import { median, pairedRatio } from '../shared/statistics.ts';
import type { StepModelName } from '../shared/step-models.ts';

const names: readonly (readonly [StepModelName | 'mlp', number])[] = quick
  ? [['mlp', 20]]
  : [
      ['mlp', 200],
      ['cifar-cnn', 10],
      ['gpt-10m', 2],
    ];

interface Timed {
  readonly way: string;
  readonly ms: readonly number[];
  readonly cpuMs: readonly number[];
}

export const run: Run = async (context) => {
  const { root, log, signal } = context;
  const program = await plainJs(root, 'bench/peers/stratus-drivers.ts');
  const results: Result[] = [];
  const timed: Record<string, readonly Timed[]> = {};
  for (const [name, steps] of names) {
    const args = [String(threadCounts.at(-1)), name, quick ? '3' : '7', String(steps)];
    timed[name] = await child<readonly Timed[]>(program, args, signal);
    log(`${name}: done`);
    const [first, , last] = timed[name] as [Timed, Timed, Timed];
    results.push({
      name: `${name}: a step through the C API / through the binding`,
      reached: pairedRatio(first.ms, last.ms).ratio,
      target: 1,
      better: 'lower',
      unit: 'ratio',
      detail: timed[name]
        .map(({ way, ms, cpuMs }) => `${way} ${median(ms).toFixed(2)} ms, ${median(cpuMs).toFixed(2)} ms of processors`)
        .join('; '),
    });
  }
  return keep(context, 'drivers', { results, timed });
};
