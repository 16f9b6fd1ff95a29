// Training must not gather memory. In a process of its own, because the test runner's memory moves; the long run is `npm run soak`.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleTo } from './support/bundle.ts';

const folder = fileURLToPath(new URL('../node_modules/.cache/memory-test/', import.meta.url));

// `leak` is what the last test sets, to show that a leak is seen.
const script = `
  import { dense, input, sequential, sgd, tensor } from './stratus.mjs';
  const steps = 2000, warmUp = 500, every = 100, leak = Number(process.argv[2] ?? 0), leaked = [];
  const model = sequential([input({ shape: [64] }), dense({ units: 32, activation: 'relu' }), dense({ units: 4, activation: 'softmax' })]);
  model.compile({ optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const x = tensor(Float32Array.from({ length: 320 * 64 }, (_, i) => (i * 37 % 101) / 101), { shape: [320, 64] });
  const y = tensor(Int32Array.from({ length: 320 }, (_, i) => i % 4));
  const samples = [];
  let step = 0;
  const watcher = {
    async onBatchEnd() {
      step++;
      if (leak > 0) leaked.push(new Float32Array(leak).fill(1), new Array(leak / 16).fill(0));
      if (step < warmUp || step % every > 0) return;
      await new Promise(setImmediate); // finalisers have their turn
      gc();
      const { heapUsed, external, rss } = process.memoryUsage();
      samples.push({ heapUsed, external, rss });
    },
  };
  await model.fit(x, y, { batchSize: 32, epochs: steps / 10, callbacks: [watcher], verbose: 0 });
  const growth = {};
  // The least of each end: what waits for the collector comes and goes.
  const least = (some, name) => Math.min(...some.map((sample) => sample[name]));
  for (const name of ['heapUsed', 'external', 'rss'])
    growth[name] = (least(samples.slice(-4), name) - least(samples.slice(0, 4), name)) / 2 ** 20;
  console.log(JSON.stringify({ step, samples: samples.length, growth }));
`;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await bundleTo(`${folder}stratus.mjs`);
  writeFileSync(`${folder}train.mjs`, script);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Growth in MB from steps 500 to 800 until steps 1,700 to 2,000. */
async function train(leak = 0): Promise<Record<'heapUsed' | 'external' | 'rss', number>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', `${folder}train.mjs`, String(leak)]);
  const { step, samples, growth } = JSON.parse(stdout) as {
    step: number;
    samples: number;
    growth: Awaited<ReturnType<typeof train>>;
  };
  expect([step, samples]).toEqual([2000, 16]);
  return growth;
}

/** In MB. 400 bytes a step would be 0.6; what V8 learns about the code also takes room, and the resident size moves in larger pieces. */
const most = { heapUsed: 0.6, external: 0.15, rss: 6 };

it('1,500 training steps take no memory that they do not give back', async () => {
  const { heapUsed, external, rss } = await train();
  expect(heapUsed).toBeLessThan(most.heapUsed);
  expect(external).toBeLessThan(most.external);
  expect(rss).toBeLessThan(most.rss);
});

it('would see 9 kB a step that nobody gives back', async () => {
  const { heapUsed, external, rss } = await train(2048);
  expect(heapUsed).toBeGreaterThan(most.heapUsed);
  expect(external).toBeGreaterThan(most.external);
  expect(rss).toBeGreaterThan(most.rss);
});
