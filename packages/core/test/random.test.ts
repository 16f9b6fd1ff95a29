import { describe, expect, it } from 'vitest';
import { graphInput, type Value } from '../src/graph/index.ts';
import { add, dimsOf, dropoutMask, foldKey, mul, randomBits, randomNormal, randomUniform, range } from '../src/ops/index.ts';
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

describe('dropoutMask', () => {
  const masksOf = async (k: RandomKey, rows: number, columns: number, rate: number): Promise<Float32Array> => {
    const x = graphInput('x', ['batch', columns]);
    const { m } = await run(
      { m: dropoutMask(['batch', columns], key, { rate, like: x }) },
      { key: keyOf(k), x: zeros([rows, columns]) },
      { inputs: [x, key] },
    );
    return m!.data as Float32Array;
  };

  it('is the rule it says it is, bit for bit', async () => {
    const [rows, columns, rate] = [50, 300, 0.3];
    const k = randomKey(8);
    const dropped = Math.round(rate * 2 ** 16);
    const wanted = Float32Array.from({ length: rows * columns }, (_, i) => {
      const row = bitsAt(k, Math.floor(i / columns));
      const column = bitsAt(k, 2 ** 31 + (i % columns));
      const left = ((row & 0xffff) + (column & 0xffff)) & 0xffff;
      const right = (2 * ((row >>> 16) + (column >>> 16)) + 1) & 0xffff;
      return ((left * right) & 0xffff) < dropped ? 0 : 2 ** 16 / (2 ** 16 - dropped);
    });
    expect(await masksOf(k, rows, columns, rate)).toEqual(wanted);
  });

  it.each([0.1, 0.5, 1 / 3])('drops independently, row by row and column by column: rate %f', async (rate) => {
    const n = 512;
    const mask = await masksOf(randomKey(11), n, n, rate);
    const q = Math.round(rate * 2 ** 16) / 2 ** 16;
    // 0 on average, and 1 in square
    const z = Float64Array.from(mask, (m) => (m === 0 ? -Math.sqrt((1 - q) / q) : Math.sqrt(q / (1 - q))));
    expect(Math.abs(z.reduce((a, b) => a + b, 0)) / n).toBeLessThan(5);
    // Correlations of all pairs of 60 rows, and of 60 columns: normal, each with deviation sqrt(n)
    for (const [between, along] of [
      [n, 1],
      [1, n],
    ] as const) {
      let [squares, largest, pairs] = [0, 0, 0];
      for (let a = 0; a < 60; a++)
        for (let b = 0; b < a; b++, pairs++) {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += z[a * between + i * along]! * z[b * between + i * along]!;
          squares += sum ** 2 / n;
          largest = Math.max(largest, Math.abs(sum) / Math.sqrt(n));
        }
      expect(Math.abs(squares / pairs - 1)).toBeLessThan(5 * Math.sqrt(2 / pairs));
      expect(largest).toBeLessThan(5.5);
    }
    // Four corners of rectangles, which a rule of rows and columns could tie together
    let [corners, count] = [0, 0];
    for (let r = 0; r + 7 < n; r += 3)
      for (let c = 0; c + 5 < n; c++, count++)
        corners += z[r * n + c]! * z[(r + 7) * n + c]! * z[r * n + c + 5]! * z[(r + 7) * n + c + 5]!;
    expect(Math.abs(corners) / Math.sqrt(count)).toBeLessThan(5);
  });

  it('rounds the rate, and never to all', async () => {
    expect(new Set(await masksOf(randomKey(1), 3, 4, 1e-9))).toEqual(new Set([1]));
    expect(new Set(await masksOf(randomKey(1), 20, 20, 0.999999))).toEqual(new Set([0]));
    expect(dropoutMask([3], key, { rate: 0.999999 }).shape).toEqual([3]);
    expect(() => dropoutMask([3], key, { rate: 1 })).toThrow(/rate = 1/);
    expect(() => dropoutMask([3], graphInput('key', [2], 'int64'), { rate: 0.1 })).toThrow(/random key: got int64/);
  });
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
