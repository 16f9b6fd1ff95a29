import type { Value } from '../../graph/index.ts';

/** A penalty on a parameter that is added to the loss. */
export interface Regularizer {
  readonly type: string;
  /** Plain JSON; `resolveRegularizer({ type, config })` gives the regularizer back. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The penalty of this parameter, a scalar. */
  apply(w: Value): Value;
}
