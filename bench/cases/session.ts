// Making the session of a training step: time beside onnxruntime-node's own for the same model and settings, and memory.
import type { Result, Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { keep } from '../shared/keep.ts';
import { threadCounts } from '../shared/peers.ts';
import { plainJs } from '../shared/plain-js.ts';
import { quick } from '../shared/quick.ts';
import { median, pairedRatio } from '../shared/statistics.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';

const names: readonly StepModelName[] = quick
  ? ['cifar-cnn', 'char-gpt']
  : ['cifar-cnn', 'imdb-lstm', 'transformer', 'char-gpt', 'gpt-10m', 'resnet-18'];

interface Made {
  readonly bytes: number;
  readonly megabytes: number;
  readonly own: readonly number[];
  readonly raw: readonly number[];
}

export const run: Run = async (context) => {
  const { root, log, signal } = context;
  const program = await plainJs(root, 'bench/peers/stratus-session.ts');
  const made: Record<string, Made> = {};
  const results: Result[] = [];
  for (const name of names) {
    const { stepModel } = await stepModels[name]();
    const one = await child<Made>(program, [String(threadCounts.at(-1)), name, quick ? '3' : '9'], signal);
    made[name] = one;
    log(`${name}: done`);
    results.push({
      name: `${stepModel.title}: session of the training step, Stratus / onnxruntime-node`,
      reached: pairedRatio(one.own, one.raw).ratio,
      target: 1.1,
      better: 'lower',
      unit: 'ratio',
      detail: `${median(one.own).toFixed(0)} ms against ${median(one.raw).toFixed(0)} ms; model of ${(one.bytes / 1024).toFixed(0)} KB, the first session added ${one.megabytes.toFixed(0)} MB`,
    });
  }
  return keep(context, 'session', { results, made });
};
