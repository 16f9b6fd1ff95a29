import { fail } from '../../errors.ts';
import { type DType, type RandomKey, type Tensor, zeros } from '../../tensor/index.ts';
import { checkNumber, refuseUnknown } from './check.ts';

/** What the numbers of a new parameter are. */
export interface Initializer {
  readonly type: string;
  /** Plain JSON; `resolveInitializer({ type, config })` gives the initializer back. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The same key and shape give the same numbers. Errors: `dtype-mismatch` unless float32 or float64. */
  make(shape: readonly number[], key: RandomKey, dtype?: DType): Tensor;
}

/**
 * Makes an initializer of a rule that says, for a shape and a key, what the i-th number is. Options are checked to be finite
 * numbers (or a tighter bound in `bounds`), and kept as the config; `others` are checked by the caller.
 */
export function defineInitializer<N extends string>(spec: {
  readonly type: string;
  readonly options: Readonly<Record<N, number>>;
  readonly bounds?: { readonly [M in NoInfer<N>]?: { readonly from?: number; readonly above?: number } };
  readonly others?: Readonly<Record<string, unknown>>;
  readonly unknown: object;
  numbers(shape: readonly number[], key: RandomKey): (i: number) => number;
}): Initializer {
  const { type, options, bounds, others = {} } = spec;
  refuseUnknown(type, spec.unknown, [...Object.keys(options), ...Object.keys(others)]);
  for (const name of Object.keys(options) as N[]) checkNumber(type, name, options[name], bounds?.[name]);
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
