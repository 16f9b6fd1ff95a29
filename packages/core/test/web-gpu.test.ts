// WebGPU in Node, without a GPU: on the software one that Chromium brings along.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executor } from '../src/runtime/executor.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { gpuWorkNames, trainOn } from './browser/gpu-work.ts';
import { executorContract } from './executor.contract.ts';
import { farthest } from './support/farthest.ts';
import { prepareGpu } from './support/software-gpu.ts';
import { watched, whereItRan } from './support/where-it-ran.ts';

const missing = prepareGpu();

/** Tensors of up to so many elements may be calculated by the CPU beside the GPU: sizes, keys, the edges of masks. */
const smallest = 1024;

describe.skipIf(missing)(`WebGPU in Node${missing ? `: ${missing}` : ''}`, () => {
  executorContract('webgpu', () => createExecutor({ device: 'webgpu' }), { checksIndices: false });

  describe('training', () => {
    let cpu: Executor;
    let gpu: Executor;
    beforeAll(async () => {
      cpu = await createExecutor({ threads: 1, kernels: false });
      gpu = await createExecutor({ device: 'webgpu' });
    });
    afterAll(() => Promise.all([cpu.release(), gpu.release()]));

    it.each(gpuWorkNames)(
      '%s: losses, weights and predictions are those of the CPU, and no hot op falls back to it',
      async (name) => {
        const seen = watched(gpu);
        const [want, got] = [await trainOn(cpu, name, 3), await trainOn(seen.executor, name, 3)];
        expect(want.losses.at(-1)).not.toBe(want.losses[0]);
        expect(farthest(got.losses, want.losses)).toBeLessThan(1e-3);
        expect(Object.keys(got.weights)).toEqual(Object.keys(want.weights));
        for (const [key, weights] of Object.entries(want.weights))
          expect(farthest(got.weights[key]!, weights), key).toBeLessThan(1e-3);
        expect(farthest(got.scores, want.scores)).toBeLessThan(1e-3);

        expect(seen.programs.length).toBeGreaterThan(1);
        for (const { model, feeds } of seen.programs) {
          const runs = await whereItRan(model, feeds);
          const hot = runs.filter(
            ({ provider, largest, op }) => provider !== 'WebGpu' && largest > smallest && !op.startsWith('Memcpy'),
          );
          expect(hot).toEqual([]);
          expect(runs.filter(({ provider }) => provider === 'WebGpu').length).toBeGreaterThan(5);
        }
      },
    );
  });
});
