// A network that somebody else trained, with another tool, on handwritten digits (the MNIST model of ONNX's model zoo, made with CNTK)
// learns to tell clothes apart: its convolutions stay, its head is cut off, a new one is put on, and all of it is trained a little.
import { join } from 'node:path';
import { adam, dense, dropout, fashionMnist, flatten, importModel, input, type Model, model, rescaling, reshape } from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

type Clothes = Awaited<ReturnType<typeof fashionMnist<'test'>>>;

/** What can be changed, besides what every example has. */
export interface FinetuneOptions extends TrainOptions {
  readonly data?: Pick<Clothes, 'test'> | undefined;
  /** The model, as a file or its bytes. */
  readonly base?: string | Uint8Array;
  /** The value of the model that the new head is put on. */
  readonly cut?: string;
  /** Keeps what was imported as it is, and trains the head alone. */
  readonly frozen?: boolean;
  readonly epochs?: number;
  readonly learningRate?: number;
}

const usual = join(process.env['STRATUS_DATA'] ?? 'data', 'onnx', 'mnist-cntk.onnx');

/** The body of the model in `base` with a new head: pictures of bytes `[28, 28]` to probabilities of ten classes. */
export async function buildFinetuned({
  base = usual,
  cut = 'Pooling160_Output_0',
  seed = 0,
}: Pick<FinetuneOptions, 'base' | 'cut' | 'seed'> = {}): Promise<Model> {
  const body = (await importModel(base)).layer({ outputs: cut, name: 'body' });
  const image = input({ shape: [28, 28], dtype: 'uint8', name: 'image' });
  // It was trained on one channel, which comes first, and on pixels from 0 to 255.
  const features = body(reshape({ targetShape: [1, 28, 28] })(rescaling({ scale: 1 })(image)));
  const hidden = dense({ units: 128, activation: 'relu', name: 'hidden' })(flatten()(rescaling({ scale: 1 / 256 })(features)));
  const kind = dense({ units: 10, activation: 'softmax', name: 'kind' })(dropout({ rate: 0.3 })(hidden));
  return model({ inputs: image, outputs: kind, name: 'finetuned', seed });
}

/** Trains on 9,000 pictures of the test part and measures on the other 1,000. */
export async function train({
  data,
  base = usual,
  cut,
  frozen = false,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  epochs = quick ? 1 : 12,
  learningRate = 1e-3,
}: FinetuneOptions = {}) {
  const { test: all } = data ?? (await fashionMnist({ parts: ['test'], signal }));
  const held = Math.floor(all.length / 10);
  const part = (table: typeof all) => (quick ? table.take(200) : table);
  const [learn, rest] = [part(all.skip(held)), part(all.take(held))];
  const net = await buildFinetuned({ base, seed, ...(cut !== undefined && { cut }) });
  if (frozen) net.freeze('body');
  net.compile({ optimizer: adam({ learningRate }), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  await net.fit(learn.image, learn.label, {
    batchSize: 64,
    epochs,
    validationData: [rest.image, rest.label],
    verbose: verbose ? 'auto' : 0,
    signal,
  });
  const { accuracy } = await net.evaluate(rest.image, rest.label, { signal });
  await net.release();
  return { accuracy: accuracy as number };
}

await runAsScript(import.meta, train);
