// What layers calculate is not kept but calculated again on the way back: the same bits, in less memory.
import { describe, expect, it } from 'vitest';
import { grad } from '../src/grad/index.ts';
import { inScope, toposort, type Value } from '../src/graph/index.ts';
import * as core from '../src/index.ts';
import { graphInput, ops, tensor } from '../src/index.ts';
import { simplify } from '../src/passes/index.ts';
import { partsOf } from '../src/train/recompute.ts';
import { inOwnProcesses } from './support/own-process.ts';

const numbers = (shape: readonly number[], step = 1.7): core.Tensor =>
  tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * step))).reshape([...shape]);

const { dense, dropout, input } = core;
type Case = () => {
  readonly layers: core.Layer[];
  readonly shape: readonly number[];
  readonly out: readonly number[];
};

const cases: Record<string, Case> = {
  dense: () => ({
    layers: [0, 1, 2, 3].flatMap((i) => [
      dense({ units: 6, activation: (['tanh', 'relu', 'gelu', 'softmax'] as const)[i]!, name: `block_${i}` }),
      dropout({ rate: 0.3 }),
    ]),
    shape: [5],
    out: [6],
  }),
  transformer: () => ({
    layers: [0, 1].map((i) =>
      core.transformerEncoder({ numHeads: 2, intermediateDim: 16, dropout: 0.2 * i, name: `block_${i}` }),
    ),
    shape: [4, 8],
    out: [4, 8],
  }),
  images: () => ({
    layers: [0, 1].flatMap((i) => [
      core.conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: `block_${i}` }),
      core.batchNormalization({ name: `block_norm_${i}` }),
      core.activation({ activation: 'relu' }),
      core.maxPooling2d({ poolSize: 2 }),
    ]),
    shape: [8, 8, 2],
    out: [2, 2, 4],
  }),
  recurrent: () => ({
    layers: [
      core.lstm({ units: 5, returnSequences: true, dropout: 0.2, name: 'block_0' }),
      core.gru({ units: 4, name: 'block_1' }),
      dense({ units: 3 }),
    ],
    shape: [6, 3],
    out: [3],
  }),
};

async function trained(make: Case, options: object): Promise<unknown[]> {
  const { layers, shape, out } = make();
  const model = core.sequential([input({ shape: [...shape] }), ...layers], { seed: 3 });
  model.compile({ optimizer: core.adam({ learningRate: 0.01, globalClipNorm: 1 }), loss: 'meanSquaredError', ...options });
  const [x, y] = [numbers([4, ...shape]), numbers([4, ...out], 0.7)];
  const losses: unknown[] = [];
  for (let i = 0; i < 3; i++) losses.push((await model.trainOnBatch(x, y))['loss']);
  const weights = await model.getWeights();
  await model.release();
  return [losses, ...Object.entries(weights).map(([name, { data }]) => [name, [...(data as Float32Array)]])];
}

describe('compile({ recompute })', () => {
  it.each(Object.entries(cases))('gives the same bits: %s', async (_, make) => {
    const want = await trained(make, {});
    expect(await trained(make, { recompute: 'block*' })).toEqual(want);
    expect(await trained(make, { recompute: true, gradientAccumulationSteps: 1 })).toEqual(want);
  });

  it('works with collected gradients', async () => {
    const collected = { gradientAccumulationSteps: 2 };
    expect(await trained(cases['dense']!, { ...collected, recompute: true })).toEqual(await trained(cases['dense']!, collected));
  });

  it('works with a layer that is called twice', async () => {
    const run = async (recompute: boolean | string): Promise<unknown> => {
      const x = input({ shape: [4] });
      const shared = dense({ units: 4, activation: 'tanh', name: 'shared' });
      const model = core.model({ inputs: x, outputs: dense({ units: 1 })(shared(dropout({ rate: 0.5 })(shared(x)))) });
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', recompute });
      for (let i = 0; i < 2; i++) await model.trainOnBatch(numbers([3, 4]), numbers([3, 1]));
      const weights = await model.getWeights();
      await model.release();
      return weights;
    };
    const want = await run(false);
    expect(await run('shared')).toEqual(want);
    expect(await run(true)).toEqual(want);
  });

  it('is saved and loaded', async () => {
    const model = core.sequential([input({ shape: [2] }), dense({ units: 2, name: 'block' })]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', recompute: ['block'] });
    const bytes = await model.toBytes();
    expect((await core.decodeArtifact(bytes)).manifest.compile).toMatchObject({ recompute: ['block'] });
    const loaded = await core.load(bytes);
    expect(await loaded.trainOnBatch(numbers([3, 2]), numbers([3, 2]))).toEqual(
      await model.trainOnBatch(numbers([3, 2]), numbers([3, 2])),
    );
    await Promise.all([model.release(), loaded.release()]);
  });

  it.each<[unknown, core.ErrorCode, RegExp]>([
    ['blokc', 'unknown-name', /Did you mean 'block'/],
    [['block', 'other*'], 'unknown-name', /other\*/],
    [3, 'bad-value', /recompute 3/],
    [[], 'bad-value', /recompute \[\]/],
    ['', 'bad-value', /recompute ""/],
  ])('refuses %j', (recompute, code, message) => {
    const model = core.sequential([input({ shape: [2] }), dense({ units: 2, name: 'block' })]);
    const compile = (): unknown => model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', recompute: recompute as string });
    expect(compile).toThrow(expect.objectContaining({ code }));
    expect(compile).toThrow(message);
  });
});

describe('grad({ recompute })', () => {
  const x = graphInput('x', ['batch', 3]);
  const w = graphInput('w', [3, 3]);
  const chain = (length: number): Value => {
    let value: Value = x;
    for (let i = 0; i < length; i++) value = inScope(`l${i}`, () => ops.exp(ops.tanh(ops.matMul(value, w))));
    return ops.reduceSum(value);
  };
  const count = (values: readonly Value[], type: string): number => toposort(values).filter(({ op }) => op.type === type).length;

  it('calculates each part once more, and no more than that', () => {
    const y = chain(4);
    const parts = ({ path }: { readonly path: string }): string | undefined => (path === '' ? undefined : path);
    const plain = grad(y, [w]);
    const again = grad(y, [w], undefined, { recompute: parts });
    expect([count([y, ...plain], 'Tanh'), count([y, ...again], 'Tanh')]).toEqual([4, 8]);
    // The last node of a part is kept, as the next one reads it; that of the last part as the sum does.
    expect(count([y, ...again], 'Exp')).toBe(4);
    const simple = simplify({ name: 'g', inputs: [x, w], outputs: { y, dw: again[0]! } });
    expect(count(Object.values(simple.outputs), 'Tanh')).toBe(8);
  });

  it('groups layers of one size so that root many stay', () => {
    const groups = partsOf(true, [chain(100)]);
    const names = new Set(Array.from({ length: 100 }, (_, i) => groups({ path: `l${i}` } as never)));
    expect(names.size).toBeGreaterThan(5);
    expect(names.size).toBeLessThan(30);
  });
});

// The largest size of the process, in MB, less what it was before the first step, and a digest of what was learnt.
const script = `
  import { readFileSync } from 'node:fs';
  import { createExecutor, dense, input, sequential, zeros, tensor } from './stratus.mjs';
  const layers = Array.from({ length: 24 }, (_, i) => dense({ units: 16, activation: 'gelu', name: 'block_' + i }));
  const peak = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
  const model = sequential([input({ shape: [16] }), ...layers], { executor: await createExecutor({ threads: 1 }) });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', recompute: JSON.parse(process.argv[2]) });
  await model.trainOnBatch(zeros([8, 16]), zeros([8, 16])); // compiled
  const x = tensor(Float32Array.from({ length: 2 ** 20 }, (_, i) => Math.sin(i))).reshape([2 ** 16, 16]);
  const before = peak();
  const { loss } = await model.trainOnBatch(x, x);
  console.log(JSON.stringify({ megabytes: peak() - before, loss }));
  process.exit(0);
`;

// 24 layers, each of which keeps several values of 4 MB.
it.skipIf(process.platform !== 'linux')('takes less memory (Linux tells how much)', async () => {
  const [plain, less] = await inOwnProcesses<{ megabytes: number; loss: number }>(script, [false, true]);
  expect(less!.loss).toBe(plain!.loss);
  expect(less!.megabytes).toBeLessThan(0.5 * plain!.megabytes);
});
