import { Slices } from '../slices.ts';
import { chiSquare } from './chi-square.ts';
import { driftSlices, type FeatureFigures, levelOf, type WatchOptions } from './feature-figures.ts';
import { jensenShannon, populationStability } from './shares.ts';

/** What categories are compared with: how often each came. */
export interface CategoryReference {
  readonly counts: ReadonlyMap<string, number>;
  /** How many values were of other categories, which are not told. */
  readonly others: number;
  /** True where there were no others: a category that is not among them is new. */
  readonly isWhole: boolean;
  /** The share of missing values. */
  readonly missing: number;
}

interface Slice {
  readonly counts: Map<string, number>;
  others: number;
  missing: number;
}

/** So many first values become the reference where the file has none, of so many categories at most. */
const [firstValues, mostCategories] = [1000, 100];

/** Categories of a feature beside those of its reference: a counter for each that it knows, and one for all others. */
export class CategoryWatch {
  readonly #name: Pick<FeatureFigures, 'feature' | 'of'>;
  readonly #options: WatchOptions;
  readonly #isTraining: boolean;
  #reference: CategoryReference | undefined;
  #slices: Slices<Slice>;

  constructor(name: Pick<FeatureFigures, 'feature' | 'of'>, options: WatchOptions, reference?: CategoryReference | undefined) {
    this.#name = name;
    this.#options = options;
    this.#isTraining = reference !== undefined;
    this.#reference = reference;
    this.#slices = this.#makeSlices();
  }

  #makeSlices(): Slices<Slice> {
    const { windowMs, now } = this.#options;
    return new Slices<Slice>({
      windowMs,
      count: driftSlices,
      make: () => ({ counts: new Map(), others: 0, missing: 0 }),
      clear: (slice) => {
        slice.counts.clear();
        slice.others = slice.missing = 0;
      },
      now,
    });
  }

  #first = { counts: new Map<string, number>(), others: 0, missing: 0 };

  add(value: string | undefined): void {
    const slice = this.#reference === undefined ? this.#first : this.#slices.current;
    if (value === undefined) slice.missing++;
    else if (this.#reference ? this.#reference.counts.has(value) : slice.counts.has(value) || slice.counts.size < mostCategories)
      slice.counts.set(value, (slice.counts.get(value) ?? 0) + 1);
    else slice.others++;
    if (this.#reference === undefined) this.#endFirst();
  }

  #endFirst(): void {
    const { counts, others, missing } = this.#first;
    const all = [...counts.values()].reduce((n, x) => n + x, others);
    if (all + missing < firstValues) return;
    this.#reference = { counts, others, isWhole: others === 0, missing: missing / (all + missing) };
  }

  figures(): FeatureFigures {
    const reference = this.#reference;
    const name = {
      ...this.#name,
      kind: 'category' as const,
      reference: this.#isTraining ? ('training' as const) : ('first' as const),
    };
    if (reference === undefined) return { ...name, level: 'waiting', count: 0, referenceCount: 0 };
    const slices = this.#slices.all;
    const sum = (of: (slice: Slice) => number): number => slices.reduce((n, slice) => n + of(slice), 0);
    const known = [...reference.counts.keys()];
    const own = [...known.map((key) => sum((slice) => slice.counts.get(key) ?? 0)), sum((slice) => slice.others)];
    const expected = [...reference.counts.values(), reference.others];
    const [seen, all] = [own, expected].map((counts) => counts.reduce((n, x) => n + x, 0)) as [number, number];
    const lost = sum((slice) => slice.missing);
    const missing = seen + lost === 0 ? undefined : lost / (seen + lost);
    const about = { ...name, count: seen, referenceCount: all, missing, referenceMissing: reference.missing };
    if (seen + lost < this.#options.minimumRows || all === 0) return { ...about, level: 'waiting' };
    const moreMissing = Math.abs(missing! - reference.missing);
    if (seen === 0) return { ...about, level: levelOf({ missing: moreMissing }) };
    const unseen = reference.isWhole ? own.at(-1)! / seen : undefined;
    const psi = populationStability(expected, own);
    return {
      ...about,
      level: levelOf({ psi, missing: moreMissing, ...(unseen !== undefined && { unseen }) }),
      psi,
      jensenShannon: jensenShannon(expected, own),
      chiSquare: chiSquare(expected, own),
      unseen,
    };
  }
}
