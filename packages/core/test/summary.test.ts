import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnSummary, columnSummary, StratusError, tensor } from '../src/index.ts';

const golden = JSON.parse(readFileSync(new URL('../../../golden/summary.json', import.meta.url), 'utf8')) as {
  readonly probabilities: number[];
  readonly columns: Record<string, { values: number[]; mean: number; variance: number; quantiles: number[] }>;
};

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (e) {
    if (StratusError.is(e)) return e.code;
    throw e;
  }
  return 'no error';
};

/** Numbers that follow from a seed. */
function* drawn(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield (state + 0.5) / 2 ** 32;
  }
}
const list = (count: number, seed: number, of: (u: number, i: number) => number): Float64Array => {
  const numbers = drawn(seed);
  return Float64Array.from({ length: count }, (_, i) => of(numbers.next().value, i));
};

const close = (x: number, y: number, relative = 1e-12): void => {
  if (Math.abs(x - y) > relative * Math.max(Math.abs(x), Math.abs(y))) throw new Error(`${x} is not ${y}`);
};

describe('moments and quantiles of few numbers', () => {
  it.each(Object.keys(golden.columns))('are those of NumPy: %s', (name) => {
    const { values, mean, variance, quantiles } = golden.columns[name]!;
    for (const s of [columnSummary().addAll(Float64Array.from(values)), columnSummary().addAll(values)]) {
      close(s.mean, mean);
      close(s.variance, variance, 1e-9);
      expect(golden.probabilities.map((q) => s.quantile(q))).toEqual(quantiles.map((x) => expect.closeTo(x, 9)));
      expect([s.minimum, s.maximum]).toEqual([Math.min(...values), Math.max(...values)]);
      expect([s.count, s.missing, s.kind, s.quantilesAreExact]).toEqual([values.length, 0, 'number', true]);
    }
  });

  it('hold for any numbers, in any parts, one by one or at once', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    void fc.assert(
      fc.property(fc.array(fc.array(number, { maxLength: 40 }), { minLength: 1, maxLength: 5 }), (parts) => {
        const all = parts.flat();
        const merged = parts.map((part) => columnSummary().addAll(part)).reduce((a, b) => a.merge(b));
        const single = columnSummary();
        for (const x of all) single.add(x);
        const mean = all.reduce((a, b) => a + b, 0) / all.length;
        for (const s of [merged, single, columnSummary().addAll(Float64Array.from(all))]) {
          expect(s.count).toBe(all.length);
          if (all.length === 0) return;
          expect(Math.abs(s.mean - mean)).toBeLessThan(1e-8);
          const variance = all.reduce((a, x) => a + (x - mean) ** 2, 0) / all.length;
          expect(Math.abs(s.variance - variance)).toBeLessThan(1e-9 * 1e12);
          const sorted = Float64Array.from(all).sort();
          expect([s.quantile(0), s.quantile(1)]).toEqual([sorted[0], sorted.at(-1)]);
          expect(s.distinct).toBe(new Set(all).size);
          expect(s.integers).toBe(all.every(Number.isInteger));
        }
        expect(merged.top(1000)).toEqual(single.top(1000));
      }),
      { numRuns: 150 },
    );
  });

  it('keep small differences of large numbers', () => {
    const s = columnSummary().addAll(list(100_000, 1, (_, i) => 1e9 + (i % 2)));
    expect([s.mean, s.variance]).toEqual([1e9 + 0.5, expect.closeTo(0.25, 12)]);
  });
});

/** The share of the numbers by which a quantile is off. */
function rankError(sorted: Float64Array, q: number, value: number): number {
  const below = (x: number, orEqual: boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < x || (orEqual && sorted[middle] === x)) low = middle + 1;
      else high = middle;
    }
    return low / sorted.length;
  };
  return Math.max(0, below(value, false) - q, q - below(value, true));
}

describe('quantiles of many numbers', () => {
  const count = 60_000;
  const orders: Record<string, Float64Array> = {
    sorted: list(count, 1, (_, i) => i),
    reversed: list(count, 1, (_, i) => -i),
    uniform: list(count, 2, (u) => u),
    'heavy tails': list(count, 3, (u) => Math.tan(Math.PI * (u - 0.5))),
    exponential: list(count, 4, (u) => Math.exp(40 * u)),
    'many equal': list(count, 5, (u) => (u < 0.7 ? 0 : u)),
    'two towers': list(count, 6, (u) => (u < 0.5 ? u : 1e12 + u)),
    'in and out': list(count, 7, (_, i) => (i % 2 === 0 ? i : -i)),
    'small steps': list(count, 8, (_, i) => (i * 7919) % 5000),
    'sawtooth of sorted runs': list(count, 9, (_, i) => i % 6007),
  };
  it.each(Object.keys(orders))('are near by rank: %s', (name) => {
    const values = orders[name]!;
    const sorted = values.slice().sort();
    const parts = [0, 1, 2].map((i) => columnSummary().addAll(values.subarray((i * count) / 3, ((i + 1) * count) / 3)));
    const whole = columnSummary().addAll(values);
    for (const s of [whole, parts.reduce((a, b) => a.merge(b))]) {
      for (let q = 0; q <= 1; q += 1 / 256) expect(rankError(sorted, q, s.quantile(q))).toBeLessThan(0.01);
      for (const q of [0.001, 0.999]) expect(rankError(sorted, q, s.quantile(q))).toBeLessThan(0.001);
      expect([s.quantile(0), s.quantile(1)]).toEqual([sorted[0], sorted.at(-1)]);
    }
    const read = ColumnSummary.fromJSON(JSON.stringify(whole));
    // 40 centroids are kept, and one of them spans at most π/40; what was off before stays off.
    for (let q = 0; q <= 1; q += 1 / 64) expect(rankError(sorted, q, read.quantile(q))).toBeLessThan(Math.PI / 40 + 0.01);
  });

  it('are exact however many there are, where few differ', () => {
    const s = columnSummary().addAll(list(count, 1, (u) => Math.floor(u * 100)));
    const sorted = list(count, 1, (u) => Math.floor(u * 100)).sort();
    expect(s.quantilesAreExact).toBe(true);
    for (let i = 0; i < count; i += 997) expect(s.quantile(i / (count - 1))).toBeCloseTo(sorted[i]!, 6);
  });

  it('can be made sharper', () => {
    const values = orders['exponential']!;
    const worst = (s: ColumnSummary): number => {
      const sorted = values.slice().sort();
      return Math.max(...Array.from({ length: 200 }, (_, i) => rankError(sorted, i / 200, s.quantile(i / 200))));
    };
    expect(worst(columnSummary({ quantileAccuracy: 0.001 }).addAll(values))).toBeLessThan(0.001);
    expect(worst(columnSummary({ quantileAccuracy: 0.1 }).addAll(values))).toBeLessThan(0.1);
  });
});

describe('frequent values', () => {
  it('are counted, of equally frequent ones those first that came first', () => {
    const s = columnSummary().addAll(['b', 'a', 'b', '', 'c', '']);
    expect(s.top()).toEqual([
      { value: 'b', count: 2 },
      { value: '', count: 2 },
      { value: 'a', count: 1 },
      { value: 'c', count: 1 },
    ]);
    expect([s.top(1).length, s.distinct, s.distinctIsExact, s.kind, s.missing]).toEqual([1, 4, true, 'text', 0]);
    expect(columnSummary().addAll([3, 1, 3, 2]).top()).toEqual([
      { value: 3, count: 2 },
      { value: 1, count: 1 },
      { value: 2, count: 1 },
    ]);
  });

  it.each(['numbers', 'texts'])('are found among too many: %s', (what) => {
    // 40 % are one of four values, the rest all differ.
    const values = list(100_000, 11, (u, i) => (u < 0.4 ? Math.floor(u * 10) : 1000 + i));
    const s = columnSummary().addAll(what === 'numbers' ? values : Array.from(values, String));
    expect(s.distinctIsExact).toBe(false);
    expect(s.distinct).toBeGreaterThan(1000);
    expect(s.distinct).toBeLessThan(61_000);
    const top = s.top(4);
    expect(new Set(top.map(({ value }) => Number(value)))).toEqual(new Set([0, 1, 2, 3]));
    for (const { value, count, approximate } of top) {
      const real = values.filter((x) => x === Number(value)).length;
      expect(approximate).toBe(true);
      expect(count).toBeLessThanOrEqual(real);
      expect(count).toBeGreaterThan(real - 100_000 / 1000);
    }
  });

  it('never count too much, whatever is counted and merged', () => {
    const value = fc.integer({ min: 0, max: 30 });
    void fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 200 }), { maxLength: 4 }), fc.boolean(), (parts, asTexts) => {
        const options = { topCategories: 8 };
        const s = columnSummary(options);
        const all = parts.flat();
        for (const part of parts) s.merge(columnSummary(options).addAll(asTexts ? part.map(String) : part));
        const real = new Map<number, number>();
        for (const x of all) real.set(x, (real.get(x) ?? 0) + 1);
        expect(s.distinct).toBeLessThanOrEqual(real.size);
        if (s.distinctIsExact) expect(s.distinct).toBe(real.size);
        for (const { value: x, count, approximate } of s.top()) {
          if (approximate) expect(count).toBeLessThanOrEqual(real.get(Number(x))!);
          else expect(count).toBe(real.get(Number(x)));
        }
        if (real.size <= 8) expect(s.distinctIsExact).toBe(true);
      }),
    );
  });

  it('keep long texts apart without keeping them', () => {
    const long = 'x'.repeat(100_000);
    const s = columnSummary().addAll([`${long}1`, `${long}2`, `${long}1`]);
    expect(s.distinct).toBe(2);
    expect(s.top(1)[0]!.count).toBe(2);
    expect(JSON.stringify(s).length).toBeLessThan(2000);
  });
});

describe('kinds of values', () => {
  it('are told apart', () => {
    const kindOf = (...values: unknown[]) => columnSummary().addAll(values).kind;
    expect(kindOf()).toBe('empty');
    expect(kindOf(null, undefined, Number.NaN, new Date(Number.NaN))).toBe('empty');
    expect(kindOf(1, 2n, null)).toBe('number');
    expect(kindOf(Number.POSITIVE_INFINITY)).toBe('number');
    expect(kindOf(true, false)).toBe('boolean');
    expect(kindOf(new Date(0))).toBe('date');
    expect(kindOf('')).toBe('text');
    expect(kindOf('1', 1)).toBe('mixed');
    expect(kindOf(true, 1)).toBe('mixed');
  });

  it('have what makes sense for them', () => {
    const flags = columnSummary().addAll([true, false, true, true, null]);
    expect([flags.mean, flags.count, flags.missing, flags.distinct]).toEqual([0.75, 4, 1, 2]);
    expect(flags.top()).toEqual([
      { value: true, count: 3 },
      { value: false, count: 1 },
    ]);
    const dates = columnSummary().addAll([new Date(2000), new Date(1000)]);
    expect([dates.minimum, dates.maximum, dates.top(1)[0]!.value]).toEqual([1000, 2000, new Date(2000)]);
    const mixed = columnSummary().addAll(['a', 3, 'a', 5]);
    expect([mixed.mean, mixed.count, mixed.top(1)]).toEqual([4, 4, [{ value: 'a', count: 2 }]]);
    const texts = columnSummary().addAll(['a']);
    expect([texts.mean, texts.minimum, texts.quantile(0.5), texts.integers]).toEqual([Number.NaN, Number.NaN, Number.NaN, false]);
  });

  it('count infinite numbers, and leave them out of moments', () => {
    const s = columnSummary().addAll(Float64Array.of(1, Number.POSITIVE_INFINITY, 3, Number.NaN, Number.NEGATIVE_INFINITY));
    expect([s.count, s.missing, s.infinite, s.mean, s.maximum, s.integers, s.distinct]).toEqual([4, 1, 2, 2, 3, false, 4]);
    expect(ColumnSummary.fromJSON(JSON.stringify(s)).infinite).toBe(2);
    const large = columnSummary().addAll(Float64Array.of(1.7e308, -1.7e308, 1.7e308, 1.7e308));
    expect([large.minimum, large.maximum, large.quantile(0.5)]).toEqual([-1.7e308, 1.7e308, 1.7e308]);
    expect(ColumnSummary.fromJSON(JSON.stringify(large)).maximum).toBe(1.7e308);
  });

  it('take the elements of tensors, of any dtype', () => {
    expect(columnSummary().add(tensor([[1, 2], [3, 4]])).mean).toBe(2.5); // biome-ignore format: a matrix
    expect(columnSummary().add(tensor([1, 2], { dtype: 'float16' })).mean).toBe(1.5);
    expect(columnSummary().add(tensor([1, 2], { dtype: 'int64' })).mean).toBe(1.5);
    expect(columnSummary().add(tensor([true, false])).kind).toBe('boolean');
    expect(columnSummary().add(tensor(['a', 'b'])).kind).toBe('text');
    expect(columnSummary().add(new Uint8Array([1, 3])).mean).toBe(2);
    expect(columnSummary().add([[1], [2, null]]).count).toBe(2);
  });

  it('are refused where they are none', () => {
    expect(codeOf(() => columnSummary().add({}))).toBe('bad-value');
    expect(codeOf(() => columnSummary().add(() => 1))).toBe('bad-value');
    expect(codeOf(() => columnSummary({ topCategories: 0 }))).toBe('bad-value');
    expect(codeOf(() => columnSummary({ quantileAccuracy: -1 }))).toBe('bad-value');
    expect(codeOf(() => columnSummary({ top: 1 } as object))).toBe('unknown-name');
    expect(codeOf(() => columnSummary().quantile(2))).toBe('bad-value');
    expect(codeOf(() => columnSummary().top(-1))).toBe('bad-value');
  });
});

describe('a summary as JSON', () => {
  it('is small, and the same again', () => {
    const columns: ColumnSummary[] = [
      columnSummary(),
      columnSummary().addAll(list(50_000, 1, (u) => Math.exp(100 * u) * Math.PI)),
      columnSummary().addAll(Array.from({ length: 3000 }, (_, i) => `\u0000“${i}”`.repeat(20))),
      columnSummary().addAll([true, new Date(1), 'a', 1.5]),
    ];
    const everything = columns.reduce((a, b) => a.merge(b), columnSummary());
    for (let i = 0; i < 5000; i++) everything.add(new Date(1.6e12 + i * 86_400_000));
    for (const s of [...columns, everything]) {
      const text = JSON.stringify(s);
      expect(new TextEncoder().encode(text).length).toBeLessThan(3000);
      const again = columnSummary.fromJSON(text);
      expect([again.count, again.missing, again.kind, again.mean, again.variance]).toEqual([
        s.count,
        s.missing,
        s.kind,
        s.mean,
        s.variance,
      ]);
      expect([again.distinct, again.distinctIsExact, again.minimum, again.maximum]).toEqual([
        s.distinct,
        s.distinctIsExact,
        s.minimum,
        s.maximum,
      ]);
      expect(again.top(3).map(({ value, count }) => [value, count])).toEqual(
        s.top(again.top(3).length).map(({ value, count }) => [value, count]),
      );
      expect(JSON.stringify(again)).toBe(text);
    }
  });

  it('goes on where it was', () => {
    const s = columnSummary().addAll([1, 2, 2]);
    const again = columnSummary.fromJSON(s.toJSON()).addAll([2, 3]);
    expect([again.count, again.mean, again.distinct, again.quantile(0.5)]).toEqual([5, 2, 3, 2]);
    expect(again.top(1)).toEqual([{ value: 2, count: 3 }]);
  });

  it('is refused when it is something else', () => {
    const bad = [
      null,
      1,
      {},
      [],
      'x',
      '{',
      { ...columnSummary().add(1).toJSON(), format: 2 },
      { ...columnSummary().toJSON(), numbers: { number: {} } },
    ];
    for (const json of bad) expect(codeOf(() => ColumnSummary.fromJSON(json as never))).toBe('bad-value');
  });
});
