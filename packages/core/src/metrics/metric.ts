import type { Value } from '../graph/index.ts';

/** A figure that is reported beside the loss. */
export interface Metric {
  /** The name it is looked up by. */
  readonly type: string;
  /** The name it is reported under. */
  readonly name: string;
  /** Plain JSON, so that a training can be saved and taken up again. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether larger is better, for early stopping and plots. */
  readonly better: 'higher' | 'lower';
  /**
   * Statistics of one batch, each sample counted by its weight (`[batch]`; undefined: all 1). They add up: the statistics
   * of two batches together are the sums of theirs. The host sums them in float64.
   */
  accumulate(target: Value, prediction: Value, weight: Value | undefined): Readonly<Record<string, Value>>;
  /** The figure, from the summed statistics (flattened). A share of nothing is 0, never NaN. */
  result(sums: Readonly<Record<string, Float64Array>>): number | number[][];
}

/** What every metric can be called with. */
export interface MetricOptions {
  /** The name it is reported under, to tell two of a kind apart; its type unless told. */
  readonly name?: string;
}

/** A metric as it is saved. */
export interface SavedMetric {
  readonly type: string;
  readonly name?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** `a / b`, and 0 where b is 0. */
export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

/** A sum that the kernels left as one number. */
export const only = (sums: Readonly<Record<string, Float64Array>>, name: string): number => sums[name]![0]!;
