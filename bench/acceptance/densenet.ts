// DenseNet-40-12: as many parameters as the paper's, the losses that PyTorch has in thirty steps from the same weights, and it learns.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cifar10, sgd } from 'stratus';
import { buildDenseNet, train } from '../../examples/zoo/densenet.ts';
import type { Result, Run, RunContext } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';
import { parameterRow } from '../shared/parameters.ts';

/** golden/densenet.py wrote it. */
interface Golden {
  readonly torch: string;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly losses: readonly number[];
}

/** The largest difference of a step's loss. */
async function againstTorch({ root, signal }: RunContext): Promise<Result> {
  const golden = JSON.parse(await readFile(join(root, 'golden/densenet.json'), 'utf8')) as Golden;
  const { torch, steps, batch, learningRate, losses } = golden;
  const { image, label } = (await cifar10({ signal })).train.take(steps * batch);
  const net = buildDenseNet({ seed: 0 });
  const optimizer = sgd({ learningRate, momentum: 0.9, nesterov: true, weightDecay: 1e-4 });
  net.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  const own: number[] = [];
  for (let at = 0; at < steps * batch; at += batch) {
    const { loss } = await net.trainOnBatch(image.rows(at, at + batch), label.rows(at, at + batch), { signal });
    own.push(loss as number);
  }
  await net.release();
  return {
    name: `densenet: losses of ${steps} steps, off PyTorch ${torch}`,
    reached: Math.max(...own.map((loss, i) => Math.abs(loss - losses[i]!))),
    target: 1e-3,
    better: 'lower',
    unit: 'nats',
    detail: `from ${own[0]!.toFixed(4)} to ${own.at(-1)!.toFixed(4)}, theirs ${losses.at(-1)!.toFixed(4)}`,
  };
}

export const run: Run = async (context) => {
  const rows = [parameterRow('densenet: parameters, off by', buildDenseNet(), 1_019_722), await againstTorch(context)];
  const runs = await overSeeds((options) => train({ ...options, samples: 10_000 }), [1], context);
  return [...rows, row(runs, { name: 'densenet: test accuracy after 10,000 pictures', figure: 'accuracy', target: 0.3 })];
};
