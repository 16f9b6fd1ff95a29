import type { NumberStatistics } from '@stratus/core';
import { type CategoryReference, CategoryWatch } from './category-watch.ts';
import type { FeatureFigures, WatchOptions } from './feature-figures.ts';
import type { NumberReference } from './number-reference.ts';
import { NumberWatch } from './number-watch.ts';
import { ProjectionWatch } from './projection-watch.ts';

type FeatureName = Pick<FeatureFigures, 'feature' | 'of'>;

/** A feature, and what it is compared with: what was seen first where there is no reference. Plain data, which another process can be sent. */
export type FeatureSpec =
  | { readonly kind: 'number'; readonly name: FeatureName; readonly reference?: NumberReference | undefined }
  | { readonly kind: 'category'; readonly name: FeatureName; readonly reference?: CategoryReference | undefined }
  | {
      readonly kind: 'embedding';
      readonly name: FeatureName;
      readonly reference: { readonly projection: NonNullable<NumberStatistics['projection']>; readonly samples: number };
    };

/** One look at a feature: a number, a category (undefined where it is missing), the sums of an embedding. */
export type Seen = number | string | undefined | readonly number[];

/** Begins to count a feature of a model; what it gives takes what is seen. */
export type OpenFeature = (model: string, spec: FeatureSpec) => (seen: Seen) => void;

interface FeatureWatch {
  add(seen: never): void;
  figures(): FeatureFigures;
}

function watchOf(spec: FeatureSpec, options: WatchOptions): FeatureWatch {
  if (spec.kind === 'number') return new NumberWatch(spec.name, options, spec.reference);
  if (spec.kind === 'category') return new CategoryWatch(spec.name, options, spec.reference);
  return new ProjectionWatch(spec.name.feature, options, spec.reference);
}

/** Further models are counted in the place of those that came first. */
const mostModels = 100;

/** What was seen of the features of all models, from however many processes. */
export class FeatureCounts {
  readonly #options: WatchOptions;
  readonly #models = new Map<string, Map<string, FeatureWatch>>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** A feature that is counted already is counted on. */
  open(model: string, spec: FeatureSpec): (seen: Seen) => void {
    let features = this.#models.get(model);
    if (features === undefined) {
      const [oldest] = this.#models.keys();
      if (this.#models.size >= mostModels) this.#models.delete(oldest!);
      this.#models.set(model, (features = new Map()));
    }
    const key = `${spec.kind}\n${spec.name.of}\n${spec.name.feature}`;
    const watch = features.get(key) ?? watchOf(spec, this.#options);
    features.set(key, watch);
    return (seen) => watch.add(seen as never);
  }

  /** How the features of a model stand, in the order in which they were met. */
  figures(model: string): readonly FeatureFigures[] {
    return [...(this.#models.get(model)?.values() ?? [])].map((watch) => watch.figures());
  }
}
