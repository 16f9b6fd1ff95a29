import { describe, expect, it } from 'vitest';
import { graphInput, type Value } from '../src/graph/index.ts';
import { add, dimsOf, foldKey, mul, randomBits, randomNormal, randomUniform, range } from '../src/ops/index.ts';
import {
  bitsAt,
  foldIn,
  normals,
  type RandomKey,
  randomKey,
  type Tensor,
  tensor,
  uniformAt,
  zeros,
} from '../src/tensor/index.ts';
import { type Level, openGraph } from './support/run-graph.ts';

const key = graphInput('key', [2], 'uint32');
const keyOf = (k: RandomKey): Tensor => tensor(Uint32Array.from(k));

async function run(
  outputs: Record<string, Value>,
  feeds: Record<string, Tensor>,
  { inputs = [key], level = 'all' }: { inputs?: Value[]; level?: Level } = {},
): Promise<Record<string, Tensor>> {
  const program = await openGraph({ name: 'random', inputs, outputs }, level);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

describe.each([0, 1, 42, 2 ** 32 - 1, 2 ** 53 - 1])('the stream of seed %d', (seed) => {
  const k = randomKey(seed);
  const count = 1000;

  it.each(['disabled', 'all'] as const)(
    'is the same in a graph and on the host, bit for bit (optimisation %s)',
    async (level) => {
      const { bits, uniform, folded } = await run(
        { bits: randomBits([10, 100], key), uniform: randomUniform([count], key), folded: foldKey(key, seed % 2 ** 32) },
        { key: keyOf(k) },
        { level },
      );
      expect(bits!.data).toEqual(Uint32Array.from({ length: count }, (_, i) => bitsAt(k, i)));
      expect(uniform!.data).toEqual(Float32Array.from({ length: count }, (_, i) => uniformAt(k, i)));
      expect([...(folded!.data as Uint32Array)]).toEqual(foldIn(k, seed % 2 ** 32));
    },
  );

  it('gives the same normal numbers within 1e-6', async () => {
    const { normal } = await run({ normal: randomNormal([count], key) }, { key: keyOf(k) });
    const errors = Array.from(normal!.data as Float32Array, (v, i) => Math.abs(v - normals(k)(i)));
    expect(Math.max(...errors)).toBeLessThan(1e-6);
  });
});

it('counts positions over the whole shape when sizes are known only at run time', async () => {
  const x = graphInput('x', ['batch', 3, 'time']);
  const y = randomUniform(['batch', 2, 'time'], key, { like: x });
  expect(y.shape).toEqual(['batch', 2, 'time']);
  const k = randomKey(5);
  const { u } = await run({ u: y }, { key: keyOf(k), x: zeros([4, 3, 5]) }, { inputs: [x, key] });
  expect(u!.shape).toEqual([4, 2, 5]);
  expect(u!.data).toEqual(Float32Array.from({ length: 40 }, (_, i) => uniformAt(k, i)));
});

it('takes a salt that is computed in the graph', async () => {
  const step = graphInput('step', [], 'int64');
  const k = randomKey(9);
  const { folded } = await run(
    { folded: foldKey(foldKey(key, add(step, 1)), 7) },
    { key: keyOf(k), step: tensor(6n) },
    { inputs: [key, step] },
  );
  expect([...(folded!.data as Uint32Array)]).toEqual(foldIn(foldIn(k, 7), 7));
});

it('keeps two streams apart when their keys differ, and makes them equal when they do not', async () => {
  const shape = [64];
  const k = keyOf(randomKey(3));
  const { a, b, c } = await run(
    {
      a: randomUniform(shape, foldKey(key, 1)),
      b: randomUniform(shape, foldKey(key, 2)),
      c: randomUniform(shape, foldKey(key, 1)),
    },
    { key: k },
  );
  expect(a!.data).toEqual(c!.data);
  expect([...(a!.data as Float32Array)].filter((v, i) => v === b!.data[i])).toEqual([]);
});

it('has the moments and the independence that random numbers have', async () => {
  const n = 200_000;
  const { u, z } = await run(
    { u: randomUniform([n], foldKey(key, 1)), z: randomNormal([n], foldKey(key, 2)) },
    { key: keyOf(randomKey(1)) },
  );
  const moments = (data: ArrayLike<number>): { mean: number; variance: number; lag: number; beyond: number } => {
    const values = Array.from(data);
    const mean = values.reduce((a, b) => a + b, 0) / n;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
    const lag = values.slice(1).reduce((a, b, i) => a + (b - mean) * (values[i]! - mean), 0) / n / variance;
    return { mean, variance, lag, beyond: values.filter((v) => Math.abs(v) > 1.96).length / n };
  };
  // Five standard errors of each
  const uniform = moments(u!.data as Float32Array);
  expect(Math.abs(uniform.mean - 0.5)).toBeLessThan((5 * Math.sqrt(1 / 12)) / Math.sqrt(n));
  expect(Math.abs(uniform.variance - 1 / 12)).toBeLessThan((5 * Math.sqrt(1 / 180)) / Math.sqrt(n));
  expect(Math.abs(uniform.lag)).toBeLessThan(5 / Math.sqrt(n));
  const normal = moments(z!.data as Float32Array);
  expect(Math.abs(normal.mean)).toBeLessThan(5 / Math.sqrt(n));
  expect(Math.abs(normal.variance - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(n));
  expect(Math.abs(normal.lag)).toBeLessThan(5 / Math.sqrt(n));
  expect(Math.abs(normal.beyond - 0.05)).toBeLessThan((5 * Math.sqrt(0.05 * 0.95)) / Math.sqrt(n));
});

it('refuses what is no key', () => {
  expect(() => randomBits([2], graphInput('key', [2], 'int64'))).toThrow(/random key: got int64, expected uint32/);
  expect(() => randomUniform([2], graphInput('key', [3], 'uint32'))).toThrow(/got shape \[3\], expected shape \[2\]/);
});

it('counts from a size that is known only at run time', async () => {
  const x = graphInput('x', ['batch', 2]);
  const { y } = await run({ y: mul(range(0, dimsOf(['batch'], x), 1), 2) }, { x: zeros([4, 2]) }, { inputs: [x] });
  expect(y!.toArray()).toEqual([0, 2, 4, 6]);
});
