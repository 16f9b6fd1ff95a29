// A CNN that others trained on digits, fine-tuned on clothes: better than with its body frozen, and its export runs in plain ONNX Runtime.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fashionMnist } from 'stratus';
import { buildFinetuned, train } from '../../examples/zoo/finetune-onnx.ts';
import type { Result, Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';
import { median } from '../shared/statistics.ts';

interface Ort {
  readonly Tensor: new (dtype: string, data: unknown, shape: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(model: Uint8Array): Promise<{
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
      run(feeds: object): Promise<Record<string, { readonly data: Float32Array }>>;
    }>;
  };
}

/** The largest difference between what the model says of 100 pictures and what its file says in ONNX Runtime's own binding. */
async function exported(root: string): Promise<Result> {
  const { test } = await fashionMnist({ parts: ['test'] });
  const image = test.take(100).image;
  const model = await buildFinetuned();
  const ort = createRequire(join(root, 'packages/core/package.json'))('onnxruntime-node') as Ort;
  const session = await ort.InferenceSession.create(await model.toBytes());
  const fed = { [session.inputNames[0]!]: new ort.Tensor('uint8', image.data, image.shape) };
  const { data } = (await session.run(fed))[session.outputNames[0]!]!;
  const own = (await model.predict(image)).data as Float32Array;
  const reached = Math.max(...own.map((x, i) => Math.abs(x - data[i]!)));
  return { name: 'finetune-onnx: export in plain ONNX Runtime', reached, target: 1e-5, better: 'lower', unit: 'difference' };
}

export const run: Run = async (context) => {
  const seeds = [1, 2, 3];
  const whole = await overSeeds(train, seeds, context);
  const head = await overSeeds((options) => train({ ...options, frozen: true }), seeds, context);
  const gains = whole.map(({ figures }, i) => figures.accuracy - head[i]!.figures.accuracy);
  return [
    row(whole, { name: 'finetune-onnx: accuracy on 1,000 held-out pictures', figure: 'accuracy', target: 0.85 }),
    {
      name: 'finetune-onnx: gain over a frozen body',
      reached: median(gains),
      target: 0.001, // as good would be a miss
      better: 'higher',
      unit: 'accuracy',
      detail: `median of the seeds; frozen: ${head.map(({ figures }) => figures.accuracy.toFixed(3)).join(' ')}`,
    },
    await exported(context.root),
  ];
};
