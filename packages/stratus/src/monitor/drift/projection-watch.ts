import type { NumberStatistics } from '@stratus/core';
import { Slices } from '../slices.ts';
import { driftSlices, type FeatureFigures, levelOf, type WatchOptions } from './feature-figures.ts';

type Projection = NonNullable<NumberStatistics['projection']>;

interface Slice {
  readonly sums: Float64Array;
  count: number;
}

/** Whole samples of many numbers, as few sums, beside those of the training: how far their mean has moved. */
export class ProjectionWatch {
  readonly #feature: string;
  readonly #options: WatchOptions;
  readonly #reference: Projection;
  readonly #referenceCount: number;
  readonly #slices: Slices<Slice>;

  constructor(
    feature: string,
    options: WatchOptions,
    { projection, samples }: { readonly projection: Projection; readonly samples: number },
  ) {
    this.#feature = feature;
    this.#options = options;
    this.#reference = projection;
    this.#referenceCount = samples;
    this.#slices = new Slices<Slice>({
      windowMs: options.windowMs,
      count: driftSlices,
      make: () => ({ sums: new Float64Array(projection.mean.length), count: 0 }),
      clear: (slice) => {
        slice.sums.fill(0);
        slice.count = 0;
      },
      now: options.now,
    });
  }

  /** The sums of one sample. */
  add(sums: readonly number[]): void {
    if (sums.length !== this.#reference.mean.length || !sums.every(Number.isFinite)) return;
    const slice = this.#slices.current;
    slice.count++;
    for (const [k, x] of sums.entries()) slice.sums[k]! += x;
  }

  figures(): FeatureFigures {
    const slices = this.#slices.all;
    const count = slices.reduce((n, slice) => n + slice.count, 0);
    const about = {
      feature: this.#feature,
      of: 'input' as const,
      kind: 'embedding' as const,
      reference: 'training' as const,
      count,
      referenceCount: this.#referenceCount,
    };
    if (count < this.#options.minimumRows) return { ...about, level: 'waiting' };
    const { mean, standardDeviation } = this.#reference;
    const squares = mean.map((before, k) => {
      const now = slices.reduce((n, slice) => n + slice.sums[k]!, 0) / count;
      const spread = standardDeviation[k]!;
      return spread > 0 ? ((now - before) / spread) ** 2 : 0;
    });
    const distance = Math.sqrt(squares.reduce((n, x) => n + x, 0) / squares.length);
    return { ...about, level: levelOf({ distance }), distance };
  }
}
