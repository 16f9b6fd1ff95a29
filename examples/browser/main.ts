// Trains on MNIST in a page. The model is that of examples/quickstart; new are only where data comes from and where progress goes.
import { type Callback, dense, executor, flatten, input, parseIdx, rescaling, sequential, sgd, type Tensor } from '@stratus/core';
import { button, clearPlot, download, find, plot, say, showDigit } from './drawing.ts';

const model = sequential([
  input({ shape: [28, 28], dtype: 'uint8', name: 'image' }),
  rescaling({ scale: 1 / 255 }),
  flatten(),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: 10, activation: 'softmax', name: 'digit' }),
]);
model.compile({
  optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});

const percent = (share: unknown): string => `${(100 * Number(share)).toFixed(2)} %`;

const display: Callback = {
  onBatchEnd({ batch, batches = 1, batchLoss }, { accuracy }) {
    plot(batch / batches, batchLoss);
    say(`Batch ${batch} of ${batches}: loss ${batchLoss.toFixed(3)}, accuracy so far ${percent(accuracy)}`);
  },
};

async function idx(name: string): Promise<Tensor> {
  const { body } = await fetch(`mnist/${name}-ubyte.gz`);
  const bytes = await new Response(body!.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
  return parseIdx(new Uint8Array(bytes), { file: name });
}

const { description } = await executor({ wasmPaths: 'ort/' });
const [images, labels] = [await idx('train-images-idx3'), await idx('train-labels-idx1')];
const [testImages, testLabels] = [await idx('t10k-images-idx3'), await idx('t10k-labels-idx1')];
say(`Ready: ${description}.`);
button('train').disabled = false;

button('train').onclick = async () => {
  const controller = new AbortController();
  button('stop').onclick = () => controller.abort();
  [button('train').disabled, button('stop').disabled] = [true, false];
  clearPlot();
  const start = performance.now();
  const ended = await model
    .fit(images, labels, { batchSize: 128, callbacks: [display], signal: controller.signal })
    .then(() => `One epoch in ${((performance.now() - start) / 1000).toFixed(1)} s.`)
    .catch((e: Error) => e.message);
  const { accuracy } = await model.evaluate(testImages, testLabels);
  say(`${ended} Accuracy on 10,000 images that it has not seen: ${percent(accuracy)}`);
  await showDigits(20);
  [button('train').disabled, button('stop').disabled, button('save').disabled] = [false, true, false];
};

async function showDigits(count: number): Promise<void> {
  const scores = await model.predict(testImages.rows(0, count));
  find('digits').replaceChildren();
  for (let i = 0; i < count; i++) {
    const ten = [...(scores.rows(i, i + 1).data as Float32Array)];
    const said = ten.indexOf(Math.max(...ten));
    showDigit(testImages.rows(i, i + 1).data as Uint8Array, said, said === testLabels.data[i]);
  }
}

button('save').onclick = async () => download(await model.toBytes(), 'digits.onnx');
