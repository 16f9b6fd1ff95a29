// Training, saving and predicting must not gather memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Callback, type Model, type Tensor, tensor } from '@stratus/core';
import type { Result, Run, RunContext } from '../result.ts';
import { Memory } from '../shared/flatness.ts';
import { batchSize, mlp, sizes } from '../shared/mlp.ts';

const steps = 20_000;
const warmUp = 1_000;
const every = 100;
const saves = 200;
const predictsPerSave = 10;

const [features, , , classes] = sizes;
/** Ten batches: numbers from 0 to 1 without a pattern, and labels. */
const x = tensor(
  Float32Array.from({ length: 10 * batchSize * features }, (_, i) => (Math.sin(i) * 43_758.5453) % 1),
  { shape: [10 * batchSize, features] },
);
const y = tensor(Int32Array.from({ length: 10 * batchSize }, (_, i) => (i * 7) % classes));

const flat = (name: string, memory: Memory): Result => ({
  name: `${name}: resident size, largest deviation from its median`,
  reached: memory.deviation,
  target: 0.05,
  better: 'lower',
  unit: 'share',
  detail: String(memory),
});

async function train(model: Model, { log, signal }: RunContext): Promise<Memory> {
  const memory = new Memory();
  let step = 0;
  const watcher: Callback = {
    onBatchEnd() {
      step++;
      if (step > warmUp && step % every === 0) memory.sample();
      if (step % 4_000 === 0) log(`step ${step} of ${steps}: ${memory}`);
    },
  };
  await model.fit(x, y, { batchSize, epochs: steps / 10, callbacks: [watcher], verbose: 0, signal });
  return memory;
}

async function saveAndPredict(model: Model, { log, signal }: RunContext): Promise<Memory> {
  const memory = new Memory();
  const folder = await mkdtemp(join(tmpdir(), 'stratus-soak-'));
  const images: Tensor = x.rows(0, 1_000);
  try {
    for (let i = 1; i <= saves; i++) {
      signal.throwIfAborted();
      for (let j = 0; j < predictsPerSave; j++) await model.predict(images);
      await model.save(join(folder, 'model.onnx'));
      if (i > saves / 20) memory.sample();
      if (i % 50 === 0) log(`save ${i} of ${saves}: ${memory}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return memory;
}

export const run: Run = async (context) => {
  const model = mlp();
  return [
    flat(`MLP: ${steps} training steps`, await train(model, context)),
    flat(`MLP: ${saves} saves, ${saves * predictsPerSave} predicts`, await saveAndPredict(model, context)),
  ];
};
