// WebGPU in Node, without a GPU: on the software one that Chromium brings along.
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executor } from '../src/runtime/executor.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { Tensor, tensor } from '../src/tensor/index.ts';
import { gpuWorkNames, trainOn } from './browser/gpu-work.ts';
import { executorContract } from './executor.contract.ts';
import { counter, model } from './executor.models.ts';
import { farthest } from './support/farthest.ts';
import { prepareGpu } from './support/software-gpu.ts';
import { watched, whereItRan } from './support/where-it-ran.ts';

const missing = prepareGpu();

/** Tensors of up to so many elements may be calculated by the CPU beside the GPU: sizes, keys, the edges of masks. */
const smallest = 1024;

describe.skipIf(missing)(`WebGPU in Node${missing ? `: ${missing}` : ''}`, () => {
  executorContract('webgpu', () => createExecutor({ device: 'webgpu' }), { checksIndices: false, updatesRows: false });

  it('two executors at once do not disturb each other', async () => {
    const both = await Promise.all([1, 2].map(() => createExecutor({ device: 'webgpu' })));
    const counts = await Promise.all(
      both.map(async (executor, i) => {
        const program = await executor.compile(counter);
        const held = await executor.hold({ count: tensor(0), by: tensor(i + 1) });
        await Promise.all(Array.from({ length: 100 }, () => program.run({}, { held, updates: { next: 'count' } })));
        return (await held.read()).count!.item();
      }),
    );
    expect(counts).toEqual([100, 200]);
    const [one, other] = both as [Executor, Executor];
    const held = await one.hold({ count: tensor(0), by: tensor(1) });
    await one.release();
    expect((await held.read()).count!.item()).toBe(0); // memory outlives the executor
    await other.release();
  });

  it('what is held is not copied there and back at every run', async () => {
    const executor = await createExecutor({ device: 'webgpu' });
    const n = 2 ** 24; // 64 MB
    const program = await executor.compile(
      model({
        inputs: { x: ['float32', [n]] },
        outputs: { y: ['float32', [1]] },
        constants: { from: tensor([5n]), to: tensor([6n]) },
        nodes: [['Slice', ['x', 'from', 'to'], ['y']]],
      }),
    );
    const x = new Tensor('float32', [n], new Float32Array(n).fill(7));
    const held = await executor.hold({ x });
    const fastest = async (run: () => Promise<Record<string, Tensor>>): Promise<number> => {
      const times = [];
      for (let i = 0; i < 7; i++) {
        const start = performance.now();
        expect((await run()).y!.item()).toBe(7);
        times.push(performance.now() - start);
      }
      return Math.min(...times);
    };
    const [there, fed] = [await fastest(() => program.run({}, { held })), await fastest(() => program.run({ x }))];
    console.log(`a run on 64 MB: ${there.toFixed(1)} ms where they are held, ${fed.toFixed(1)} ms where they are fed`);
    expect(there).toBeLessThan(fed / 2);
    await executor.release();
  });

  describe('in a process of its own', () => {
    const built = (file: string): string => new URL(`../dist/${file}`, import.meta.url).href;
    const script = (body: string, env: Record<string, string> = {}) =>
      new Promise<{ code: number | null; out: string }>((resolve) => {
        const text = `import { createExecutor, tensor } from '${built('index.js')}';\nimport { counter } from 'data:text/javascript,export const counter = Buffer.from("${Buffer.from(counter).toString('base64')}", "base64")';\n${body}`;
        const child = execFile(
          process.execPath,
          ['--expose-gc', '--input-type=module', '-e', text],
          { timeout: 50_000, env: { ...process.env, ...env } },
          (_, stdout) => resolve({ code: child.exitCode, out: stdout }),
        );
      });

    it('ends by itself, whatever was not released or was forgotten', async () => {
      const body = `
        const executor = await createExecutor({ device: 'webgpu' });
        for (let i = 0; i < 40; i++) {
          const program = await executor.compile(counter);
          const held = await executor.hold({ count: tensor(i), by: tensor(1) });
          const runs = [1, 2, 3].map(() => program.run({}, { held, updates: { next: 'count' } }));
          if (i % 3 === 0) globalThis.gc();
          await Promise.all(runs);
          if (i % 7 === 0) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
          if ((await held.read()).count.item() !== i + 3) throw new Error('wrong at ' + i);
        }
        console.log('all right');`;
      expect(await script(body)).toEqual({ code: 0, out: 'all right\n' });
    });

    it('says what is missing where there is no GPU, and how to mend it', async () => {
      const body = `await createExecutor({ device: 'webgpu' }).catch((e) => console.log(e.code, e.message));
        console.log((await createExecutor()).device);`;
      const { code, out } = await script(body, { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' });
      expect(code).toBe(0);
      expect(out).toMatch(
        /^no-device The device 'webgpu' cannot be used here: Failed to get a WebGPU adapter: .*Vulkan.*\ncpu\n$/,
      );
    });
  });

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
        const [want, got] = [await trainOn(cpu, name, 2), await trainOn(seen.executor, name, 2)];
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
