import { type InputStatistics, statisticsProbabilities } from '../artifact/index.ts';
import { columnSummary } from '../data/index.ts';
import { fromFloat16, type Tensor, type TypedArray } from '../tensor/index.ts';

/** So many samples and so many numbers of each input are looked at, at most: enough for statistics, and quick on any data. */
export const looks = { samples: 4096, elements: 2 ** 21 } as const;

/** So many of them are sorted for quantiles. */
const sortedElements = 2 ** 16;

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
    else this.#numbers(data as TypedArray);
  }

  #numbers(data: TypedArray): void {
    let { count, mean, squares, minimum, maximum } = this.#moments;
    for (let i = 0; i < data.length; i++) {
      const x = Number(data[i]);
      if (!Number.isFinite(x)) {
        if (Number.isNaN(x)) this.#missing++;
        continue;
      }
      const delta = x - mean; // Welford 1962
      mean += delta / ++count;
      squares += delta * (x - mean);
      if (x < minimum) minimum = x;
      if (x > maximum) maximum = x;
    }
    this.#moments = { count, mean, squares, minimum, maximum };
    let i = this.#untilNext;
    for (; i < data.length; i += this.#skip()) this.#summary.add(Number(data[i]));
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
