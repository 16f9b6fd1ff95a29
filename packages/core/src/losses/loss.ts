import type { Info, Value } from '../graph/index.ts';
import type { DType, Shape } from '../tensor/index.ts';

/** What a training minimises: how targets look, and what each sample costs. */
export interface Loss {
  /** The name it is looked up by. */
  readonly type: string;
  /** Plain JSON, so that a training can be saved and taken up again. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the targets look like for a prediction; the symbolic batch is kept. */
  target(prediction: Info): { dtype: DType; shape: Shape };
  /** Number of classes when labels are whole numbers, so that the host can check their range before the kernels see them. */
  classes?(prediction: Info): number | undefined;
  /** A label that counts nothing, and need not be a class. */
  readonly ignored?: number | undefined;
  /** The loss of each sample: `[batch]`. Reduction and weighting belong to `compile`. */
  apply(target: Value, prediction: Value): Value;
}

/** An own loss: the loss of each sample, or of each element (then its mean over all axes but the first is taken). */
export type LossFunction = (target: Value, prediction: Value) => Value;

/** A loss as it is saved. */
export interface SavedLoss {
  readonly type: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Targets of losses that compare number by number. */
export const likePrediction = ({ dtype, shape }: Info): { dtype: DType; shape: Shape } => ({ dtype, shape });
