import { fail } from '../../errors.ts';
import { checkOptions, type Rule, refuseUnknown } from '../../options.ts';
import { type DType, type RandomKey, type Tensor, zeros } from '../../tensor/index.ts';

/** What the numbers of a new parameter are. */
export interface Initializer {
  readonly type: string;
  /** Plain JSON; `resolveInitializer({ type, config })` gives the initializer back. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The same key and shape give the same numbers. Errors: `dtype-mismatch` unless float32 or float64. */
  make(shape: readonly number[], key: RandomKey, dtype?: DType): Tensor;
}

/**
 * Makes an initializer of a function that says, for a shape and a key, what the i-th number is. Options are checked by their rules
 * and kept as the config; `others` are checked by the caller.
 */
export function defineInitializer<N extends string>(spec: {
  readonly type: string;
  readonly options: Readonly<Record<N, number>>;
  readonly rules: Readonly<Record<NoInfer<N>, Rule>>;
  readonly others?: Readonly<Record<string, unknown>>;
  readonly unknown: object;
  numbers(shape: readonly number[], key: RandomKey): (i: number) => number;
}): Initializer {
  const { type, options, others = {} } = spec;
  refuseUnknown(type, spec.unknown, [...Object.keys(options), ...Object.keys(others)]);
  checkOptions(type, options, spec.rules);
  return {
    type,
    config: { ...options, ...others },
    make(shape, key, dtype = 'float32') {
      if (dtype !== 'float32' && dtype !== 'float64')
        throw fail('dtype-mismatch', { what: type, got: dtype, want: 'float32 or float64' });
      const tensor = zeros(shape, dtype);
      const { data } = tensor;
      const at = spec.numbers(shape, key);
      for (let i = 0; i < data.length; i++) data[i] = at(i);
      return tensor;
    },
  };
}
