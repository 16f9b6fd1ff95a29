import { Slices } from '../slices.ts';
import { driftSlices, type FeatureFigures, levelOf, type WatchOptions } from './feature-figures.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { binEnds, type NumberReference, referenceOf } from './number-reference.ts';
import { jensenShannon, populationStability } from './shares.ts';

interface Slice {
  /** Below all points; above the one before and at most each; above all. */
  readonly counts: Float64Array;
  missing: number;
  sum: number;
}

/** So many first numbers become the reference where the file has none. */
const firstNumbers = 2048;

/** float32 holds a number to so much: 5.1 of the training data may come as 5.0999999. */
const precision = 1e-6;

/** Numbers of a feature beside those of its reference: a few counters for each slice of the window. */
export class NumberWatch {
  readonly #name: Pick<FeatureFigures, 'feature' | 'of'>;
  readonly #options: WatchOptions;
  readonly #isTraining: boolean;
  #reference: NumberReference | undefined;
  /** The points, a little higher. */
  #limits = new Float64Array(0);
  #slices: Slices<Slice> | undefined;
  #first = { values: new Float64Array(firstNumbers), length: 0, missing: 0 };

  constructor(name: Pick<FeatureFigures, 'feature' | 'of'>, options: WatchOptions, reference?: NumberReference | undefined) {
    this.#name = name;
    this.#options = options;
    this.#isTraining = reference !== undefined;
    if (reference) this.#begin(reference);
  }

  #begin(reference: NumberReference): void {
    const { windowMs, now } = this.#options;
    const bins = reference.points.length + 2;
    this.#reference = reference;
    this.#limits = Float64Array.from(reference.points, (x) => x + Math.abs(x) * precision);
    this.#first = { values: new Float64Array(0), length: 0, missing: 0 };
    this.#slices = new Slices<Slice>({
      windowMs,
      count: driftSlices,
      make: () => ({ counts: new Float64Array(bins), missing: 0, sum: 0 }),
      clear: (slice) => {
        slice.counts.fill(0);
        slice.missing = slice.sum = 0;
      },
      now,
    });
  }

  add(x: number): void {
    if (this.#slices === undefined) return this.#addFirst(x);
    const slice = this.#slices.current;
    if (Number.isNaN(x)) {
      slice.missing++;
      return;
    }
    if (Number.isFinite(x)) slice.sum += x;
    const limits = this.#limits;
    const [smallest] = this.#reference!.points;
    let at = 0;
    if (x >= smallest! - Math.abs(smallest!) * precision) {
      at = 1;
      while (at <= limits.length && x > limits[at - 1]!) at++;
    }
    slice.counts[at]!++;
  }

  #addFirst(x: number): void {
    const first = this.#first;
    if (Number.isNaN(x)) first.missing++;
    else if (Number.isFinite(x)) first.values[first.length++] = x;
    if (first.length === first.values.length) this.#begin(referenceOf(first.values, first.missing));
  }

  figures(): FeatureFigures {
    const reference = this.#reference;
    const name = {
      ...this.#name,
      kind: 'number' as const,
      reference: this.#isTraining ? ('training' as const) : ('first' as const),
    };
    if (reference === undefined) return { ...name, level: 'waiting', count: 0, referenceCount: this.#first.length };
    const slices = this.#slices!.all;
    const sum = (of: (slice: Slice) => number): number => slices.reduce((n, slice) => n + of(slice), 0);
    const counts = Array.from({ length: reference.points.length + 2 }, (_, at) => sum((slice) => slice.counts[at]!));
    const seen = counts.reduce((n, x) => n + x, 0);
    const lost = sum((slice) => slice.missing);
    const missing = seen + lost === 0 ? undefined : lost / (seen + lost);
    const about = { ...name, count: seen, referenceCount: reference.count, missing, referenceMissing: reference.missing };
    if (seen + lost < this.#options.minimumRows) return { ...about, level: 'waiting' };
    const moreMissing = Math.abs(missing! - reference.missing);
    if (seen === 0) return { ...about, level: levelOf({ missing: moreMissing }) };
    const unseen = (counts[0]! + counts.at(-1)!) / seen;
    const [expected, own] = binsOf(reference, counts);
    const psi = populationStability(expected, own);
    return {
      ...about,
      level: levelOf({ psi, missing: moreMissing, unseen }),
      psi,
      jensenShannon: jensenShannon(expected, own),
      kolmogorovSmirnov: kolmogorovSmirnov(
        { atMost: [0, ...reference.atMost], count: reference.count },
        { atMost: sharesBelow(counts, seen), count: seen },
      ),
      unseen,
      mean: sum((slice) => slice.sum) / seen,
      referenceMean: reference.mean,
    };
  }
}

/** The shares below all points, and at or below each. */
function sharesBelow(counts: readonly number[], all: number): number[] {
  let below = 0;
  return counts.slice(0, -1).map((n) => {
    below += n;
    return below / all;
  });
}

/** Both sides in the bins of the population stability index. */
function binsOf(reference: NumberReference, counts: readonly number[]): readonly [expected: number[], own: number[]] {
  const ends = binEnds(reference);
  const expected = ends.map((end, i) => reference.atMost[end]! - (i === 0 ? 0 : reference.atMost[ends[i - 1]!]!));
  const own = ends.map((end, i) => counts.slice(i === 0 ? 1 : ends[i - 1]! + 2, end + 2).reduce((n, x) => n + x, 0));
  const [below, above] = [counts[0]!, counts.at(-1)!];
  if (ends.length === 1)
    return [
      [0, 1, 0],
      [below, own[0]!, above],
    ]; // a constant: all that differs lies outside
  own[0]! += below;
  own[own.length - 1]! += above;
  return [expected, own];
}
