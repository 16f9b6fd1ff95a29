import { type InputStatistics, statisticsProbabilities } from '../artifact/index.ts';
import { type ColumnSummary, columnSummary } from '../data/index.ts';
import { fromFloat16, type Tensor } from '../tensor/index.ts';

/** So many samples and so many numbers of each input are looked at, at most: enough for statistics, and quick on any data. */
export const looks = { samples: 4096, elements: 2 ** 21 } as const;

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
  const quantiles = statisticsProbabilities.map((q) => seen.quantile(q));
  return { count, missing, mean, standardDeviation, minimum, maximum, quantiles };
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

  /** `elements`: how many there will be at most. */
  constructor(elements: number) {
    this.#step = Math.max(1, Math.ceil(Math.min(elements, looks.elements) / sortedElements));
  }

  add({ dtype, data }: Tensor): void {
    if (dtype === 'string') this.#summary.addAll(data);
    else if (dtype === 'float16') this.#numbers(Float32Array.from(data as Uint16Array, fromFloat16));
    else if (dtype === 'int64' || dtype === 'uint64') this.#numbers(Float64Array.from(data as BigInt64Array, Number));
    else this.#numbers(data as Float64Array);
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
    const quantiles = statisticsProbabilities.map((q) =>
      q === 0 ? minimum : q === 1 || summary.count === 0 ? maximum : within(summary.quantile(q)),
    );
    return { count, missing: this.#missing, mean, standardDeviation: Math.sqrt(squares / count), minimum, maximum, quantiles };
  }
}
