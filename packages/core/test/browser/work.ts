// What Node and the page both do, to be compared.
import {
  type Callback,
  constant,
  dense,
  dropout,
  type Executor,
  exportGraph,
  flatten,
  gaussianNoise,
  graphInput,
  input,
  load,
  type Model,
  ops,
  rescaling,
  sequential,
  sgd,
  type Tensor,
  tensor,
} from '@stratus/core';

const layers = {
  plain: () => [dense({ units: 128, activation: 'relu' }), dense({ units: 128, activation: 'relu' })],
  noisy: () => [gaussianNoise({ stddev: 0.1 }), dense({ units: 128, activation: 'relu' }), dropout({ rate: 0.5 })],
};

/** A network for the digits. */
export const makeModel = (kind: keyof typeof layers): Model =>
  sequential(
    [
      input({ shape: [28, 28], dtype: 'uint8', name: 'image' }),
      rescaling({ scale: 1 / 255 }),
      flatten(),
      ...layers[kind](),
      dense({ units: 10, activation: 'softmax', name: 'digit' }),
    ],
    { seed: 7 },
  ).compile({
    optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });

/** Trains for one epoch of batches of 128, in shuffled order; the loss of each batch. */
export async function trainOnce(model: Model, image: Tensor, label: Tensor): Promise<number[]> {
  const losses: number[] = [];
  const record: Callback = { onBatchEnd: (run) => void losses.push(run.batchLoss) };
  await model.fit(image, label, { batchSize: 128, verbose: 0, callbacks: [record] });
  return losses;
}

/** Random numbers as the graph makes them. */
export async function randomStreams(executor: Executor): Promise<{ bits: number[]; uniform: number[]; normal: number[] }> {
  const key = graphInput('key', [2], 'uint32');
  const other = ops.foldKey(key, 5);
  const outputs = {
    bits: ops.randomBits([4096], key),
    uniform: ops.randomUniform([64, 64], ops.foldKey(key, constant(tensor(3, { dtype: 'uint32' })))),
    normal: ops.randomNormal([64, 64], other),
  };
  const program = await executor.compile(exportGraph({ name: 'streams', inputs: [key], outputs }));
  const { bits, uniform, normal } = await program.run({ key: tensor(Uint32Array.of(123456789, 3987654321)) });
  await program.release();
  return { bits: [...(bits!.data as Uint32Array)], uniform: numbers(uniform!), normal: numbers(normal!) };
}

export const numbers = (t: Tensor): number[] => Array.from(t.data as Float32Array, Number);

/** What a model from these bytes says to records. */
export const askWith = async (bytes: Uint8Array, records: readonly object[]): Promise<number[]> =>
  numbers(await (await load(bytes)).predict(records));

/** What a model from these bytes says to images. */
export const predictWith = async (bytes: Uint8Array, image: Tensor): Promise<number[]> =>
  numbers(await (await load(bytes)).predict(image));
