import { type InputStatistics, type NumberStatistics, sampleProjection, statisticsProbabilities } from '../artifact/index.ts';
import { type ColumnSummary, columnSummary } from '../data/index.ts';
import { fromFloat16, sizeOf, type Tensor } from '../tensor/index.ts';

/** So many samples and so many numbers of each input are looked at, at most: enough for statistics, and quick on any data. */
export const looks = { samples: 4096, elements: 2 ** 21 } as const;

/** Inputs of more numbers a sample are told as a whole: an image, a vector of words. */
const mostColumns = 32;

/** So many of them are sorted for quantiles. */
const sortedElements = 2 ** 14;

/** Statistics of a column that was read whole: of numbers, or of anything else as texts. */
export function statisticsOf(seen: ColumnSummary): InputStatistics {
  const { kind, count, missing, distinct, distinctIsExact } = seen;
  if (kind !== 'number')
    return {
      count,
      missing,
      distinct,
      distinctIsExact,
      top: seen.top(20).map(({ value, count: n }) => ({ value: short(String(value)), count: n })),
    };
  const { mean, standardDeviation, minimum, maximum } = seen;
  return { count, missing, mean, standardDeviation, minimum, maximum, ...quantilesOf((q) => seen.quantile(q)) };
}

/** How far beyond a quantile is looked for more numbers that equal it. */
const beyond = 1 / 512;

/** Quantiles, and how many numbers each has at or below it: that tells what share of them is, say, zero. */
function quantilesOf(quantile: (q: number) => number): Pick<NumberStatistics, 'quantiles' | 'atMost'> {
  const quantiles = statisticsProbabilities.map(quantile);
  const atMost = statisticsProbabilities.map((q, i): number => {
    const value = quantiles[i]!;
    if (q === 1 || value === quantiles[quantiles.length - 1]) return 1;
    if (quantile(q + beyond) > value) return q;
    let [low, high]: [number, number] = [q, 1];
    while (high - low > 1e-4) {
      const middle = (low + high) / 2;
      if (quantile(middle) > value) high = middle;
      else low = middle;
    }
    return Math.round(low * 1e4) / 1e4;
  });
  return { quantiles, atMost };
}

const longestValue = 100;
const short = (text: string): string => (text.length > longestValue ? `${text.slice(0, longestValue)}…` : text);

/** Statistics of an input, of which it is shown a few rows at a time. */
export class InputLooks {
  readonly #summary = columnSummary({ topCategories: 256 });
  /** On average one of so many numbers goes into the quantiles. */
  readonly #step: number;
  #untilNext = 0;
  #state = 1;
  #moments = { count: 0, mean: 0, squares: 0, minimum: Number.POSITIVE_INFINITY, maximum: Number.NEGATIVE_INFINITY };
  #missing = 0;
  readonly #elements: number;
  /** One for each number of a sample, where these are few: they mean different things. */
  #columns: readonly InputLooks[] | undefined;
  readonly #projections = new Projections();

  /** `elements`: how many there will be at most. */
  constructor(elements: number) {
    this.#elements = elements;
    this.#step = Math.max(1, Math.ceil(Math.min(elements, looks.elements) / sortedElements));
  }

  add({ dtype, data, shape }: Tensor): void {
    if (dtype === 'string') return void this.#summary.addAll(data);
    const numbers =
      dtype === 'float16'
        ? Float32Array.from(data as Uint16Array, fromFloat16)
        : dtype === 'int64' || dtype === 'uint64'
          ? Float64Array.from(data as BigInt64Array, Number)
          : (data as Float64Array);
    this.#numbers(numbers);
    const width = shape.length < 2 ? 1 : sizeOf(shape.slice(1));
    if (width > mostColumns && !dtype.includes('int')) this.#projections.add(numbers, width);
    if (width < 2 || width > mostColumns) return;
    this.#columns ??= Array.from({ length: width }, () => new InputLooks(Math.ceil(this.#elements / width)));
    if (this.#columns.length !== width) this.#columns = []; // lists of several lengths
    const rows = numbers.length / width;
    for (const [at, column] of this.#columns.entries())
      column.#numbers(Float64Array.from({ length: rows }, (_, row) => numbers[row * width + at]!));
  }

  #numbers(data: ArrayLike<number>): void {
    let [count, sum] = [0, 0];
    let { minimum, maximum } = this.#moments;
    for (let i = 0; i < data.length; i++) {
      const x = data[i]!;
      if (x - x !== 0) {
        if (Number.isNaN(x)) this.#missing++;
        continue;
      }
      count++;
      sum += x;
      if (x < minimum) minimum = x;
      if (x > maximum) maximum = x;
    }
    const mean = count === 0 ? 0 : sum / count;
    let squares = 0;
    for (let i = 0; i < data.length; i++) {
      const delta = data[i]! - mean;
      if (delta - delta === 0) squares += delta * delta;
    }
    // Two passes and Chan's rule: Welford's divides for every number.
    const known = this.#moments;
    const all = known.count + count;
    const way = mean - known.mean;
    const share = all === 0 ? 0 : count / all;
    this.#moments = {
      count: all,
      mean: known.mean + way * share,
      squares: known.squares + squares + way * way * known.count * share,
      minimum,
      maximum,
    };
    let i = this.#untilNext;
    for (; i < data.length; i += this.#skip()) this.#summary.add(data[i]);
    this.#untilNext = i - data.length;
  }

  /** Steps of unequal width: equal ones would meet the same places of every sample. The same each time. */
  #skip(): number {
    if (this.#step === 1) return 1;
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return 1 + Math.floor((this.#state / 2 ** 32) * (2 * this.#step - 1));
  }

  /** What is known so far; undefined when there was nothing but missing and infinite numbers. */
  statistics(): InputStatistics | undefined {
    const summary = this.#summary;
    if (summary.kind === 'text') {
      const { count, missing, distinct, distinctIsExact } = summary;
      const { texts } = summary.toJSON();
      return { count, missing, distinct, distinctIsExact, top: (texts?.top ?? []).map(([value, n]) => ({ value, count: n })) };
    }
    const { count, mean, squares, minimum, maximum } = this.#moments;
    if (count === 0) return undefined;
    const within = (x: number): number => Math.min(maximum, Math.max(minimum, x));
    const quantiles = quantilesOf((q) =>
      q === 0 ? minimum : q === 1 || summary.count === 0 ? maximum : within(summary.quantile(q)),
    );
    const columns = this.#columns?.map((column) => column.statistics() as NumberStatistics | undefined);
    const whole = columns !== undefined && columns.length > 0 && columns.every((column) => column !== undefined);
    const standardDeviation = Math.sqrt(squares / count);
    const own = { count, missing: this.#missing, mean, standardDeviation, minimum, maximum, ...quantiles };
    const projection = this.#projections.statistics();
    if (projection) return { ...own, projection };
    return whole ? { ...own, columns: columns as NumberStatistics[] } : own;
  }
}

/** Mean and spread of the projections of whole samples. */
class Projections {
  #width: number | undefined;
  #count = 0;
  readonly #means: number[] = [];
  readonly #squares: number[] = [];

  add(numbers: ArrayLike<number>, width: number): void {
    this.#width ??= width;
    if (this.#width !== width) this.#width = 0; // of several sizes: there is nothing to compare
    if (this.#width === 0) return;
    for (let start = 0; start + width <= numbers.length; start += width) {
      const projected = sampleProjection(numbers, { start, width });
      if (!projected.every(Number.isFinite)) continue;
      this.#count++;
      for (const [k, x] of projected.entries()) {
        const before = this.#means[k] ?? 0;
        const mean = before + (x - before) / this.#count;
        this.#means[k] = mean;
        this.#squares[k] = (this.#squares[k] ?? 0) + (x - before) * (x - mean);
      }
    }
  }

  statistics(): NumberStatistics['projection'] {
    if (this.#count < 2 || !this.#width) return undefined;
    const short = (x: number): number => Number(x.toPrecision(7));
    return {
      mean: this.#means.map(short),
      standardDeviation: this.#squares.map((squares) => short(Math.sqrt(squares / this.#count))),
    };
  }
}
