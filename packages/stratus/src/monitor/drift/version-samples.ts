// What two versions say to their shares of the same traffic, over the same time, side by side.
import { Slices } from '../slices.ts';
import { chiSquare } from './chi-square.ts';
import { driftSlices, type WatchOptions } from './feature-figures.ts';
import { kolmogorovSmirnov, type TestResult } from './kolmogorov-smirnov.ts';
import { populationStability } from './shares.ts';

/** Of each slice so many numbers are kept, by chance; so many categories are told apart. */
const [keptNumbers, mostCategories] = [256, 100];
/** Bins of the index: with as many numbers as are kept, chance makes it 0.01 at most. */
const bins = 10;

class Slice {
  readonly counts = new Map<string, number>();
  others = 0;
  readonly numbers: number[] = [];
  seen = 0;
  missing = 0;
  rows = 0;

  clear(): void {
    this.counts.clear();
    this.numbers.length = this.others = this.seen = this.missing = this.rows = 0;
  }
}

/** What one feature of a version's answers was, in slices of time that add up. */
export class VersionSamples {
  readonly #slices: Slices<Slice>;
  #state = 1;

  constructor({ windowMs, now }: WatchOptions) {
    this.#slices = new Slices({ windowMs, count: driftSlices, make: () => new Slice(), clear: (slice) => slice.clear(), now });
  }

  /** What one row says. */
  add(values: readonly (number | string)[]): void {
    const slice = this.#slices.current;
    slice.rows++;
    for (const value of values) {
      if (typeof value === 'string') {
        if (slice.counts.has(value) || slice.counts.size < mostCategories)
          slice.counts.set(value, (slice.counts.get(value) ?? 0) + 1);
        else slice.others++;
      } else if (Number.isNaN(value)) slice.missing++;
      else {
        // Each of those that came is as likely to be kept. Source: Vitter's algorithm R.
        const at = slice.seen++;
        if (at < keptNumbers) slice.numbers.push(value);
        else {
          this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
          const place = Math.floor((this.#state / 2 ** 32) * slice.seen);
          if (place < keptNumbers) slice.numbers[place] = value;
        }
      }
    }
  }

  get rows(): number {
    return this.#slices.all.reduce((n, { rows }) => n + rows, 0);
  }

  /** Categories with their counts; what was too much to be told apart is one of them. */
  get counts(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    const add = (key: string, n: number): void => void sums.set(key, (sums.get(key) ?? 0) + n);
    for (const { counts, others } of this.#slices.all) {
      for (const [key, n] of counts) add(key, n);
      if (others > 0) add('\0others', others);
    }
    return sums;
  }

  /** Numbers, rising, with how many each stands for; NaN comes last. */
  get numbers(): readonly (readonly [number, number])[] {
    const all = this.#slices.all.flatMap(({ numbers, seen }) => numbers.map((x) => [x, seen / numbers.length] as const));
    const missing = this.#slices.all.reduce((n, slice) => n + slice.missing, 0);
    const sorted = all.sort(([a], [b]) => a - b);
    return missing > 0 ? [...sorted, [Number.NaN, missing]] : sorted;
  }

  /** How many rows the kept numbers come of: what a test counts. */
  get kept(): number {
    const each = this.#slices.all.map(({ numbers, rows, seen }) => (seen === 0 ? rows : rows * (numbers.length / seen)));
    return each.reduce((n, x) => n + x, 0);
  }
}

/** How far one has moved from the other. */
export interface Compared {
  readonly psi: number;
  readonly test: TestResult;
}

/** Categories of one beside those of the other. */
function compareCategories(reference: VersionSamples, seen: VersionSamples): Compared {
  const [all, own] = [reference.counts, seen.counts];
  const keys = [...new Set([...all.keys(), ...own.keys()])];
  const [a, b] = [all, own].map((counts) => keys.map((key) => counts.get(key) ?? 0)) as [number[], number[]];
  return { psi: populationStability(a, b), test: chiSquare(a, b) };
}

/** Numbers of one beside those of the other: bins are tenths of the reference, and one for what is no number. */
function compareNumbers(reference: VersionSamples, seen: VersionSamples): Compared {
  const [all, own] = [reference.numbers, seen.numbers];
  const total = (list: typeof all): number => list.reduce((n, [, weight]) => n + weight, 0);
  const whole = total(all);
  const ends: number[] = [];
  let below = 0;
  for (const [x, weight] of all) {
    below += weight;
    if (!Number.isNaN(x) && below >= ((ends.length + 1) * whole) / bins && x !== ends.at(-1) && ends.length < bins - 1)
      ends.push(x);
  }
  const inBins = (list: typeof all): number[] => {
    const counts = new Array<number>(ends.length + 2).fill(0);
    let at = 0;
    for (const [x, weight] of list) {
      while (at < ends.length && x > ends[at]!) at++;
      counts[Number.isNaN(x) ? ends.length + 1 : at]! += weight;
    }
    return counts;
  };
  const points = [...new Set([...all, ...own].map(([x]) => x).filter((x) => !Number.isNaN(x)))].sort((a, b) => a - b);
  const atMost = (list: typeof all): number[] => {
    const size = total(list);
    let [at, sum] = [0, 0];
    return points.map((point) => {
      while (at < list.length && list[at]![0] <= point) sum += list[at++]![1];
      return size === 0 ? 0 : sum / size;
    });
  };
  return {
    psi: populationStability(inBins(all), inBins(own)),
    test: kolmogorovSmirnov({ atMost: atMost(all), count: reference.kept }, { atMost: atMost(own), count: seen.kept }),
  };
}

/** How far what one version says is from what others say. */
export const compareSamples = (kind: 'number' | 'category', reference: VersionSamples, seen: VersionSamples): Compared =>
  kind === 'category' ? compareCategories(reference, seen) : compareNumbers(reference, seen);
