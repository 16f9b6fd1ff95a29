// Drift: distances and tests against SciPy's, and what is said of traffic that is, or is not, like the training.
import { readFileSync } from 'node:fs';
import { activation, decodeArtifact, dense, input, type Manifest, sequential, Tensor, tensor } from '@stratus/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  chiSquare,
  DriftWatch,
  type FeatureFigures,
  jensenShannon,
  kolmogorovSmirnov,
  populationStability,
} from '../src/monitor/index.ts';

interface Golden {
  readonly shares: readonly { reference: number[]; seen: number[]; psi: number; jensenShannon: number }[];
  readonly chiSquare: readonly { reference: number[]; seen: number[]; statistic: number; pValue: number }[];
  readonly kolmogorovSmirnov: readonly { reference: number[]; seen: number[]; statistic: number; pValue: number }[];
}
const golden = JSON.parse(readFileSync(new URL('../../../golden/drift.json', import.meta.url), 'utf8')) as Golden;

/** To nine digits, or as near as that where it is next to nothing. */
const same = (got: number, want: number): void =>
  expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-9 * Math.max(1e-3, Math.abs(want)));

/** The share at or below each. */
const distribution = (counts: readonly number[]) => {
  const count = counts.reduce((n, x) => n + x, 0);
  let below = 0;
  return { count, atMost: counts.map((n) => (below += n) / count) };
};

describe('distances and tests', () => {
  it('say what SciPy says', () => {
    for (const { reference, seen, psi, jensenShannon: distance } of golden.shares) {
      same(populationStability(reference, seen), psi);
      same(jensenShannon(reference, seen), distance);
    }
    for (const { reference, seen, statistic, pValue } of golden.chiSquare) {
      const found = chiSquare(reference, seen);
      same(found.statistic, statistic);
      same(found.pValue, pValue);
    }
    for (const { reference, seen, statistic, pValue } of golden.kolmogorovSmirnov) {
      const found = kolmogorovSmirnov(distribution(reference), distribution(seen));
      same(found.statistic, statistic);
      same(found.pValue, pValue);
    }
  });

  it('are 0 between equals, the same both ways, finite where a bin is empty', () => {
    const counts = fc.array(fc.nat({ max: 1000 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(counts, fc.nat(), (a, seed) => {
        const b = a.map((_, i) => (seed * (i + 7)) % 97);
        fc.pre(a.some((n) => n > 0) && b.some((n) => n > 0));
        expect(populationStability(a, a)).toBe(0);
        expect(jensenShannon(a, a)).toBe(0);
        expect(chiSquare(a, a).pValue).toBeCloseTo(1, 12);
        expect(populationStability(a, b)).toBeCloseTo(populationStability(b, a), 9);
        const distance = jensenShannon(a, b);
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(distance).toBeLessThanOrEqual(1 + 1e-12);
        const { pValue } = chiSquare(a, b);
        expect(pValue >= 0 && pValue <= 1 + 1e-12).toBe(true);
        expect(Number.isFinite(populationStability(a, b))).toBe(true);
      }),
    );
  });
});

/** Numbers that are the same in every run. Source: mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}
const normals = (seed: number): (() => number) => {
  const next = generator(seed);
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
};

const recordOf = (rows: number) => ({
  model: 'm',
  version: '1',
  protocol: 'oip-http',
  rows,
  code: 'ok',
  queueMs: 0,
  runMs: 1,
  totalMs: 1,
});

let manifest: Manifest;
const width = 48;

/** Two numbers, one of which is mostly 0 as pixels are; a word; a vector. */
function sample(next: () => number, { shift = 0 } = {}): { x: number[]; image: number[] } {
  return {
    x: [next() + shift, next() > 0.5 ? next() : 0],
    image: Array.from({ length: width }, (_, i) => next() + i / 10 + (i % 3 === 0 ? shift : 0)),
  };
}

beforeAll(async () => {
  const next = normals(5);
  const samples = Array.from({ length: 1000 }, () => sample(next));
  const of = async (values: number[][], name: string): Promise<Manifest> => {
    const net = sequential([
      input({ shape: [values[0]!.length], name }),
      dense({ units: 2, name: 'y' }),
      activation({ activation: 'softmax' }),
    ]);
    net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    await net.fit(
      tensor(values),
      tensor(
        values.map((_, i) => i % 2),
        { dtype: 'int32' },
      ),
      { verbose: 0, batchSize: 500 },
    );
    return (await decodeArtifact(await net.toBytes())).manifest;
  };
  const [small, large] = [
    await of(
      samples.map(({ x }) => x),
      'x',
    ),
    await of(
      samples.map(({ image }) => image),
      'image',
    ),
  ];
  manifest = {
    ...small,
    baseline: {
      ...small.baseline,
      ...large.baseline,
      city: {
        count: 900,
        missing: 20,
        distinct: 3,
        distinctIsExact: true,
        top: [
          { value: 'Oslo', count: 500 },
          { value: 'Rome', count: 300 },
          { value: 'Bonn', count: 100 },
        ],
      },
      vip: {
        count: 1000,
        distinct: 2,
        distinctIsExact: true,
        top: [
          { value: 'false', count: 800 },
          { value: 'true', count: 200 },
        ],
      },
    },
  };
}, 120_000);

const watchOf = (own: Partial<Manifest> = manifest, options = {}) =>
  new DriftWatch((name, version) => ({ name, version, manifest: own as Manifest }), {
    rowsPerSecond: Number.POSITIVE_INFINITY,
    ...options,
  });

interface Shown {
  readonly seed?: number;
  readonly shift?: number;
  readonly rows?: number;
  readonly cities?: readonly string[];
  readonly vips?: number;
}

/** Shows it traffic, fifty samples a request. */
async function show(
  drift: DriftWatch,
  {
    seed = 99,
    shift = 0,
    rows = 2000,
    cities = ['Oslo', 'Oslo', 'Oslo', 'Oslo', 'Oslo', 'Rome', 'Rome', 'Rome', 'Bonn'],
    vips = 0.2,
  }: Shown = {},
): Promise<void> {
  const next = normals(seed);
  const even = generator(seed + 1);
  for (let at = 0; at < rows; at += 50) {
    const samples = Array.from({ length: 50 }, () => sample(next, { shift }));
    drift.answered(
      recordOf(50),
      {
        x: tensor(samples.map(({ x }) => x)),
        image: tensor(samples.map(({ image }) => image)),
        city: tensor(samples.map(() => cities[Math.floor(even() * cities.length)]!)),
        vip: new Tensor(
          'bool',
          [50],
          Uint8Array.from(samples, () => Number(even() < vips)),
        ),
      },
      { y: tensor(samples.map(({ x: [a] }) => (a! > 0 ? [0.9, 0.1] : [0.2, 0.8]))) },
    );
    await drift.settled();
  }
}

const named = (drift: DriftWatch): Record<string, FeatureFigures> =>
  Object.fromEntries(
    drift.features('m', '1').map((figures) => [`${figures.feature}${figures.kind === 'embedding' ? ' embedding' : ''}`, figures]),
  );

describe('the baseline in the file', () => {
  it('tells numbers of a small input apart, and how many are zero', () => {
    const { columns } = manifest.baseline!['x'] as unknown as {
      columns: { mean: number; quantiles: number[]; atMost: number[] }[];
    };
    expect(columns).toHaveLength(2);
    expect(columns[0]!.mean).toBeCloseTo(0, 0);
    const [, sparse] = columns;
    const zero = sparse!.quantiles.lastIndexOf(0);
    // P(0) is about 0.69 and negative numbers about 0.15: three quarters of the points say more than their probability.
    expect(sparse!.atMost[zero]).toBeGreaterThan(0.8);
    expect(manifest.baseline!['image']).toMatchObject({ projection: { mean: expect.any(Array) as unknown } });
    expect(manifest.baseline!['image']).not.toHaveProperty('columns');
  });
});

describe('traffic', () => {
  it('that is like the training has not moved', async () => {
    const drift = watchOf();
    await show(drift);
    const all = named(drift);
    expect(Object.keys(all)).toEqual(['x[0]', 'x[1]', 'image', 'image embedding', 'city', 'vip', 'y class', 'y score']);
    for (const name of ['x[0]', 'x[1]', 'image', 'image embedding', 'city', 'vip'])
      expect([name, all[name]!.level, all[name]!.reference]).toEqual([name, 'none', 'training']);
    expect(all['x[0]']).toMatchObject({ count: 2000, referenceCount: 1000, missing: 0 });
    expect(all['x[0]']!.psi).toBeLessThan(0.05);
    expect(all['x[1]']!.psi).toBeLessThan(0.05); // most of it is one number
    expect(all['x[0]']!.kolmogorovSmirnov!.pValue).toBeGreaterThan(0.001);
    expect(all['city']!.chiSquare!.pValue).toBeGreaterThan(0.001);
    expect(all['image embedding']!.distance).toBeLessThan(0.15);
    expect(all['y class']).toMatchObject({ reference: 'first' });
  });

  it('that has moved is told by every measure', async () => {
    const drift = watchOf();
    await show(drift, { shift: 1, cities: ['Oslo', 'Rome', 'Paris'], vips: 0.7 });
    const all = named(drift);
    for (const name of ['x[0]', 'city', 'vip', 'image embedding']) expect([name, all[name]!.level]).toEqual([name, 'strong']);
    expect(all['x[0]']!.psi).toBeGreaterThan(0.5); // a shift by one standard deviation is 1 for normal numbers
    expect(all['x[0]']!.kolmogorovSmirnov!.statistic).toBeCloseTo(0.383, 1); // 2 Φ(1/2) - 1
    expect(all['x[0]']!.kolmogorovSmirnov!.pValue).toBeLessThan(1e-50);
    expect(all['x[0]']!.mean! - all['x[0]']!.referenceMean!).toBeCloseTo(1, 0);
    expect(all['x[1]']!.level).toBe('none');
    expect(all['city']!.unseen).toBeCloseTo(1 / 3, 1);
    expect(all['city']!.missing).toBe(0);
    expect(all['city']!.referenceMissing).toBeCloseTo(20 / 920, 12);
    expect(all['city']!.chiSquare!.pValue).toBeLessThan(1e-50);
  });

  it('is compared over a window that moves', async () => {
    let now = 0;
    const drift = watchOf(manifest, { now: () => now, windowMs: 60_000 });
    await show(drift, { shift: 2 });
    expect(named(drift)['x[0]']!.level).toBe('strong');
    now = 30_000;
    await show(drift);
    expect(named(drift)['x[0]']).toMatchObject({ level: 'strong', count: 4000 });
    now = 61_000; // the first slice has left
    expect(named(drift)['x[0]']).toMatchObject({ level: 'none', count: 2000 });
    now = 1e9;
    expect(named(drift)['x[0]']).toMatchObject({ level: 'waiting', count: 0 });
  });

  it('of a model that says nothing about its training is compared with what came first', async () => {
    const drift = watchOf({});
    await show(drift, { rows: 3000 });
    expect(named(drift)['x[0]']).toMatchObject({ level: 'none', reference: 'first', referenceCount: 2048, count: 3000 - 2048 });
    expect(named(drift)['y class']).toMatchObject({ level: 'none', reference: 'first' });
    await show(drift, { shift: 1.5, rows: 3000 });
    const all = named(drift);
    for (const name of ['x[0]', 'y class']) expect([name, all[name]!.level]).toEqual([name, 'strong']);
  });

  it('with missing numbers is told so', async () => {
    const drift = watchOf();
    for (let i = 0; i < 40; i++) {
      drift.answered(
        recordOf(10),
        { x: tensor(Array.from({ length: 10 }, (_, row) => [row < 4 ? Number.NaN : row / 5 - 1, 0])) },
        {},
      );
      await drift.settled();
    }
    expect(named(drift)['x[0]']).toMatchObject({ missing: 0.4, referenceMissing: 0, level: 'strong' });
  });

  it('of a file of an earlier version is compared as far as that goes', async () => {
    const {
      quantiles,
      atMost: _,
      columns: __,
      ...old
    } = (manifest.baseline!['x'] as unknown as { columns: { quantiles: number[]; atMost: number[]; columns: undefined }[] })
      .columns[0]!;
    for (const [about, reference] of [
      [{ ...old, quantiles }, 'training'],
      [old, 'first'],
    ] as const) {
      const drift = watchOf({ baseline: { x: about } } as unknown as Partial<Manifest>);
      const next = normals(3);
      for (let i = 0; i < 60; i++) {
        drift.answered(recordOf(50), { x: tensor(Array.from({ length: 50 }, () => next())) }, {});
        await drift.settled();
      }
      expect(named(drift)['x']).toMatchObject({ reference, level: 'none' });
    }
  });

  it('that is too much is looked at in part; what waits is bounded', async () => {
    const now = 0;
    const drift = watchOf(manifest, { now: () => now, rowsPerSecond: 100, minimumRows: 10 });
    await show(drift);
    expect(named(drift)['x[0]']!.count).toBe(100);
    const flood = watchOf(manifest, { minimumRows: 1 });
    for (let i = 0; i < 10_000; i++) flood.answered(recordOf(1), { x: tensor([[1, 2]]) }, {});
    await flood.settled();
    expect(named(flood)['x[0]']!.count).toBe(64);
  });

  it('of any numbers at all is counted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.float(), { minLength: 1, maxLength: 40 }), async (numbers) => {
        const drift = watchOf(manifest, { minimumRows: 1 });
        drift.answered(
          recordOf(numbers.length),
          { x: tensor(numbers.map((x) => [x, -x])) },
          { y: tensor(numbers.map((x) => [x])) },
        );
        await drift.settled();
        const { count, level } = named(drift)['x[0]']!;
        expect(count).toBe(numbers.filter((x) => !Number.isNaN(x)).length);
        expect(['none', 'some', 'strong']).toContain(level);
      }),
      { numRuns: 50 },
    );
  });
});
