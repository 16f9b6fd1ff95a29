// Trains, then saves and predicts, and says on standard output how large the process is meanwhile: `train 187.2`, in MB.
// Plain JavaScript in a process of its own, as users have it: a loader's thread and a compiler would be measured as well.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, sgd, tensor } from '@stratus/core';

const { steps, warmUp, every, saves, predictsPerSave } = JSON.parse(process.argv[2]);
const sample = (what) => process.stdout.write(`${what} ${process.memoryUsage.rss() / 2 ** 20}\n`);

const [features, classes, batchSize, batches] = [784, 10, 128, 10];
/** Numbers from 0 to 1 without a pattern, and labels. */
const x = tensor(
  Float32Array.from({ length: batches * batchSize * features }, (_, i) => Math.abs((Math.sin(i) * 43_758.5453) % 1)),
  { shape: [batches * batchSize, features] },
);
const y = tensor(Int32Array.from({ length: batches * batchSize }, (_, i) => (i * 7) % classes));

const model = sequential([
  input({ shape: [features] }),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: classes, activation: 'softmax' }),
]).compile({
  optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});

let step = 0;
const watcher = {
  onBatchEnd() {
    step++;
    if (step > warmUp && step % every === 0) sample('train');
  },
};
await model.fit(x, y, { batchSize, epochs: steps / batches, callbacks: [watcher], verbose: 0 });

const folder = await mkdtemp(join(tmpdir(), 'stratus-soak-'));
try {
  for (let i = 1; i <= saves; i++) {
    for (let j = 0; j < predictsPerSave; j++) await model.predict(x);
    await model.save(join(folder, 'model.onnx'));
    if (i <= saves / 20) continue; // they warm up
    globalThis.gc(); // a save leaves megabytes of garbage, and when that goes is V8's affair
    sample('save');
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
