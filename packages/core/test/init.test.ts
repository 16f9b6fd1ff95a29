import { describe, expect, it } from 'vitest';
import { type Initializer, type InitializerName, initializers, resolveInitializer } from '../src/nn/init/index.ts';
import { regularizers, resolveRegularizer } from '../src/nn/regularizers/index.ts';
import { normals, randomKey } from '../src/tensor/index.ts';

const key = randomKey(11);
const numbers = (initializer: Initializer, shape: readonly number[]): Float32Array =>
  initializer.make(shape, key).data as Float32Array;

function momentsOf(data: ArrayLike<number>): { mean: number; deviation: number; least: number; most: number } {
  let [sum, squares, least, most] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    sum += x;
    squares += x * x;
    least = Math.min(least, x);
    most = Math.max(most, x);
  }
  const mean = sum / data.length;
  return { mean, deviation: Math.sqrt(squares / data.length - mean * mean), least, most };
}

// 300 x 200 = 60,000 numbers: the mean is off by less than 5 sigma / 245, the deviation by less than 5 / 346 of itself.
const dense = [300, 200] as const;
const conv = [3, 5, 16, 250] as const;
const count = 60_000;
const cutDeviation = 0.87962566103423978;
type Row = readonly [name: string, make: Initializer, shape: readonly number[], deviation: number, bound: number];
const normal = (name: string, make: Initializer, shape: readonly number[], deviation: number): Row => [
  name,
  make,
  shape,
  deviation,
  deviation * 6,
];
const cutNormal = (name: string, make: Initializer, shape: readonly number[], deviation: number): Row => [
  name,
  make,
  shape,
  deviation,
  (2 * deviation) / cutDeviation,
];
const uniform = (name: string, make: Initializer, shape: readonly number[], limit: number): Row => [
  name,
  make,
  shape,
  limit / Math.sqrt(3),
  limit,
];
const i = initializers;
const rows: readonly Row[] = [
  normal('randomNormal', i.randomNormal(), dense, 0.05),
  cutNormal('truncatedNormal', i.truncatedNormal({ stddev: 0.1 }), dense, 0.1 * cutDeviation),
  uniform('randomUniform', i.randomUniform(), dense, 0.05),
  uniform('glorotUniform', i.glorotUniform(), dense, Math.sqrt(6 / 500)),
  uniform('glorotUniform of a convolution', i.glorotUniform(), conv, Math.sqrt(6 / (15 * 16 + 15 * 250))),
  cutNormal('glorotNormal', i.glorotNormal(), dense, Math.sqrt(2 / 500)),
  cutNormal('glorotNormal of a convolution', i.glorotNormal(), conv, Math.sqrt(2 / (15 * 16 + 15 * 250))),
  uniform('heUniform', i.heUniform(), dense, Math.sqrt(6 / 300)),
  cutNormal('heNormal', i.heNormal(), dense, Math.sqrt(2 / 300)),
  cutNormal('heNormal of a convolution', i.heNormal(), conv, Math.sqrt(2 / 240)),
  uniform('lecunUniform', i.lecunUniform(), dense, Math.sqrt(3 / 300)),
  cutNormal('lecunNormal', i.lecunNormal(), dense, Math.sqrt(1 / 300)),
  uniform('kaimingUniform', i.kaimingUniform(), dense, 1 / Math.sqrt(300)),
  uniform('kaimingUniform for ReLU', i.kaimingUniform({ a: 0 }), dense, Math.sqrt(6 / 300)),
  cutNormal('varianceScaling', i.varianceScaling({ scale: 3 }), dense, Math.sqrt(3 / 300)),
  uniform(
    'varianceScaling by outputs',
    i.varianceScaling({ mode: 'fanOut', distribution: 'uniform' }),
    dense,
    Math.sqrt(3 / 200),
  ),
  normal(
    'varianceScaling uncut',
    i.varianceScaling({ mode: 'fanAvg', distribution: 'untruncatedNormal' }),
    dense,
    Math.sqrt(1 / 250),
  ),
  cutNormal('heNormal of a vector', i.heNormal(), [count], Math.sqrt(2 / count)),
  uniform(
    'glorotUniform with axes',
    i.glorotUniform({ inputAxes: [1, 2, -1], outputAxes: [0] }),
    [250, 16, 3, 5],
    Math.sqrt(6 / (240 + 250)),
  ),
];

describe('initializers have the distribution of Keras’ formulas', () => {
  it.each(rows)('%s', (_, initializer, shape, deviation, bound) => {
    const m = momentsOf(numbers(initializer, shape));
    expect(Math.abs(m.mean)).toBeLessThan((5 * deviation) / Math.sqrt(count));
    expect(Math.abs(m.deviation / deviation - 1)).toBeLessThan(5 / Math.sqrt(2 * count));
    expect(Math.max(-m.least, m.most)).toBeLessThanOrEqual(bound * (1 + 1e-6));
    // Bounds are reached, so that they are not merely loose.
    expect(Math.max(-m.least, m.most)).toBeGreaterThan(bound * 0.6);
  });

  it('moves normal numbers to their mean', () => {
    for (const make of [i.randomNormal, i.truncatedNormal])
      expect(momentsOf(numbers(make({ mean: 3, stddev: 0.5 }), dense)).mean).toBeCloseTo(3, 1);
    const { least, most } = momentsOf(numbers(i.randomUniform({ minval: 2, maxval: 5 }), dense));
    expect([Math.round(least * 100) / 100, Math.round(most * 100) / 100]).toEqual([2, 5]);
    expect(least).toBeGreaterThanOrEqual(2);
  });

  it('cuts the normal distribution as its quantiles demand', () => {
    const sorted = Float64Array.from(numbers(i.truncatedNormal({ stddev: 1 }), dense)).sort();
    // Quantiles of the standard normal distribution cut at -2 and 2: Phi^-1(0.02275 + p 0.9545).
    for (const [p, quantile] of [
      [0.05, -1.4717],
      [0.25, -0.6359],
      [0.5, 0],
      [0.75, 0.6359],
      [0.95, 1.4717],
    ] as const)
      expect(Math.abs(sorted[Math.floor(p * count)]! - quantile)).toBeLessThan(0.025);
  });

  it('draws the normal numbers of the counter-based stream', () => {
    expect(Array.from(numbers(i.randomNormal({ stddev: 1 }), [7]))).toEqual(
      Array.from({ length: 7 }, (_, n) => Math.fround(normals(key)(n))),
    );
  });
});

describe('constant initializers', () => {
  it('fill', () => {
    expect(i.zeros().make([2, 2], key).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(i.ones().make([2], key, 'float64')).toMatchObject({ dtype: 'float64', data: new Float64Array([1, 1]) });
    expect(i.constant({ value: -2 }).make([], key).item()).toBe(-2);
    expect(i.identity({ gain: 3 }).make([2, 3], key).toArray()).toEqual([
      [3, 0, 0],
      [0, 3, 0],
    ]);
  });
});

describe('orthogonal', () => {
  it.each([[[40, 30]], [[30, 40]], [[3, 3, 4, 20]], [[1, 1]]] as const)('has orthonormal rows or columns: %j', (shape) => {
    const gain = 1.5;
    const q = i.orthogonal({ gain }).make(shape, key, 'float64').data as Float64Array;
    const columns = shape.at(-1)!;
    const rowCount = q.length / columns;
    const [outer, inner] = rowCount >= columns ? [columns, rowCount] : [rowCount, columns];
    const at = (vector: number, n: number): number => (rowCount >= columns ? q[n * columns + vector]! : q[vector * columns + n]!);
    for (let a = 0; a < outer; a++)
      for (let b = 0; b <= a; b++) {
        let product = 0;
        for (let n = 0; n < inner; n++) product += at(a, n) * at(b, n);
        expect(Math.abs(product - (a === b ? gain * gain : 0))).toBeLessThan(1e-13);
      }
  });

  it('is evenly distributed: entries of a 2 x 2 rotation or reflection have mean 0 and variance 1/2', () => {
    const entries = Array.from({ length: 4000 }, (_, seed) => i.orthogonal().make([2, 2], randomKey(seed)).data as Float32Array);
    for (let n = 0; n < 4; n++) {
      const m = momentsOf(entries.map((q) => q[n]!));
      expect(Math.abs(m.mean)).toBeLessThan(0.06);
      expect(Math.abs(m.deviation ** 2 - 0.5)).toBeLessThan(0.04);
    }
    const rotations = entries.filter(([a, b, c, d]) => a! * d! - b! * c! > 0).length;
    expect(Math.abs(rotations / 4000 - 0.5)).toBeLessThan(0.04);
  });
});

describe('initializers as such', () => {
  const names = Object.keys(initializers) as InitializerName[];

  it.each(names)('%s depends on the key and the shape only, and survives JSON', (name) => {
    const initializer = resolveInitializer(name);
    const { type, config } = JSON.parse(JSON.stringify({ type: initializer.type, config: initializer.config })) as Initializer;
    expect(type).toBe(name);
    const again = resolveInitializer({ type, config });
    expect(again.config).toEqual(initializer.config);
    const first = initializer.make([5, 4], key);
    expect(again.make([5, 4], key)).toEqual(first);
    expect(first).toMatchObject({ dtype: 'float32', shape: [5, 4] });
    expect(resolveInitializer(initializer)).toBe(initializer);
    const varies = !['zeros', 'ones', 'constant', 'identity'].includes(name);
    expect(JSON.stringify(first.data) !== JSON.stringify(initializer.make([5, 4], randomKey(12)).data)).toBe(varies);
  });

  it('keep options through JSON', () => {
    for (const initializer of [
      i.constant({ value: 2 }),
      i.randomUniform({ minval: -3, maxval: 1 }),
      i.truncatedNormal({ mean: 1, stddev: 2 }),
      i.varianceScaling({ scale: 3, mode: 'fanOut', distribution: 'uniform', inputAxes: [1], outputAxes: [0] }),
      i.heNormal({ inputAxes: [1], outputAxes: [0] }),
      i.kaimingUniform({ a: 0.2 }),
      i.orthogonal({ gain: 2 }),
    ]) {
      const { type, config } = JSON.parse(JSON.stringify({ type: initializer.type, config: initializer.config })) as Initializer;
      expect(resolveInitializer({ type, config }).make([6, 3], key)).toEqual(initializer.make([6, 3], key));
    }
  });

  const refused: readonly (readonly [string, () => unknown, string, string])[] = [
    ['an unknown name', () => resolveInitializer('glorot_uniform' as never), 'unknown-name', "'glorotUniform'"],
    ['an unknown option', () => resolveInitializer({ type: 'randomNormal', config: { std: 1 } }), 'unknown-name', 'stddev'],
    ['a negative deviation', () => i.randomNormal({ stddev: -1 }), 'bad-value', 'stddev = -1'],
    ['crossed bounds', () => i.randomUniform({ minval: 1, maxval: 0 }), 'bad-value', 'minval'],
    ['no scale', () => i.varianceScaling({ scale: 0 }), 'bad-value', 'scale = 0'],
    ['an unknown mode', () => i.varianceScaling({ mode: 'fan_in' as 'fanIn' }), 'bad-value', 'fanIn, fanOut, fanAvg'],
    ['half of the axes', () => i.heUniform({ inputAxes: [0] }), 'bad-value', 'both or neither'],
    ['an axis outside', () => i.heUniform({ inputAxes: [2], outputAxes: [0] }).make([3, 4], key), 'bad-value', 'axis 2'],
    ['a vector', () => i.orthogonal().make([3], key), 'bad-value', 'two axes'],
    ['a cube', () => i.identity().make([3, 3, 3], key), 'bad-value', 'two axes'],
    ['whole numbers', () => i.heUniform().make([3, 4], key, 'int32'), 'dtype-mismatch', 'float32 or float64'],
  ];
  it.each(refused)('refuses %s', (_, make, code, part) => {
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(part) as string }));
  });
});

describe('regularizers as configs', () => {
  it('have the defaults of Keras, and survive JSON', () => {
    expect(resolveRegularizer('l1').config).toEqual({ l1: 0.01 });
    expect(resolveRegularizer('l2').config).toEqual({ l2: 0.01 });
    expect(resolveRegularizer('l1l2').config).toEqual({ l1: 0.01, l2: 0.01 });
    for (const regularizer of [regularizers.l1(0.3), regularizers.l2(0.2), regularizers.l1l2({ l1: 0.1, l2: 0 })]) {
      const { type, config } = JSON.parse(JSON.stringify({ type: regularizer.type, config: regularizer.config })) as {
        type: string;
        config: {};
      };
      expect(resolveRegularizer({ type, config })).toMatchObject({ type: regularizer.type, config: regularizer.config });
      expect(resolveRegularizer(regularizer)).toBe(regularizer);
    }
  });

  it('refuse what makes no sense', () => {
    expect(() => resolveRegularizer('L2' as never)).toThrow("Did you mean 'l2'?");
    expect(() => regularizers.l2(-1)).toThrow('l2 = -1');
    expect(() => regularizers.l1l2({ L2: 1 } as never)).toThrow("Did you mean 'l2'?");
  });
});
