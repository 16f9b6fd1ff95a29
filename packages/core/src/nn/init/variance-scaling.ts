import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { normals, type RandomKey, uniformAt } from '../../tensor/index.ts';
import { type FanAxes, fansOf } from './fans.ts';
import { defineInitializer, type Initializer } from './initializer.ts';
import { truncatedNormals } from './truncated-normal.ts';

/** Options of {@link varianceScaling}. */
export interface VarianceScalingOptions extends FanAxes {
  /** 1 unless told. */
  readonly scale?: number;
  /** What the variance is divided by; 'fanIn' unless told. */
  readonly mode?: 'fanIn' | 'fanOut' | 'fanAvg';
  /** 'truncatedNormal' unless told. */
  readonly distribution?: 'truncatedNormal' | 'untruncatedNormal' | 'uniform';
}

/** Standard deviation of a standard normal number cut at -2 and 2. */
const cutDeviation = 0.87962566103423978;

const counts = {
  fanIn: (fanIn: number): number => fanIn,
  fanOut: (_: number, fanOut: number): number => fanOut,
  fanAvg: (fanIn: number, fanOut: number): number => (fanIn + fanOut) / 2,
} as const;

/** Each with the given standard deviation. */
const distributions = {
  truncatedNormal: (key: RandomKey, deviation: number) => scaled(truncatedNormals(key), deviation / cutDeviation),
  untruncatedNormal: (key: RandomKey, deviation: number) => scaled(normals(key), deviation),
  uniform: (key: RandomKey, deviation: number) => scaled((i) => 2 * uniformAt(key, i) - 1, Math.sqrt(3) * deviation),
} as const;

const scaled =
  (draw: (i: number) => number, factor: number): ((i: number) => number) =>
  (i) =>
    factor * draw(i);

/** As {@link varianceScaling}, under a name of its own and with `own` as its options. */
export function scaling(
  type: string,
  { scale = 1, mode = 'fanIn', distribution = 'truncatedNormal', inputAxes, outputAxes, ...unknown }: VarianceScalingOptions,
  own: Readonly<Record<string, unknown>> = {},
): Initializer {
  const oneOf = (name: string, given: string, table: object): void => {
    if (!Object.hasOwn(table, given))
      throw fail('bad-value', { what: type, got: `${name} = ${given}`, want: `one of ${Object.keys(table).join(', ')}` });
  };
  oneOf('mode', mode, counts);
  oneOf('distribution', distribution, distributions);
  checkOptions(type, { scale }, { scale: 'positive' });
  if ((inputAxes === undefined) !== (outputAxes === undefined))
    throw fail('bad-value', { what: type, got: 'only one of inputAxes and outputAxes', want: 'both or neither' });
  return defineInitializer({
    type,
    options: {},
    rules: {},
    others: { ...own, ...(inputAxes && { inputAxes: [...inputAxes] }), ...(outputAxes && { outputAxes: [...outputAxes] }) },
    unknown,
    numbers(shape, key) {
      const { fanIn, fanOut } = fansOf(shape, inputAxes && outputAxes ? { inputAxes, outputAxes } : {});
      return distributions[distribution](key, Math.sqrt(scale / Math.max(1, counts[mode](fanIn, fanOut))));
    },
  });
}

/**
 * Numbers whose variance is `scale / n`, `n` the inputs of a unit ('fanIn'), the units an input reaches ('fanOut'), or the
 * mean of both ('fanAvg'); normal (cut at two standard deviations or not) or uniform within `sqrt(3 scale / n)`.
 *
 * Shapes: a kernel `[inputs, units]` or `[...window, inputs, units]`, unless `inputAxes` and `outputAxes` say otherwise.
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.VarianceScaling.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * const kernel = initializers.varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'uniform' });
 * console.log(kernel.make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export const varianceScaling = (options: VarianceScalingOptions = {}): Initializer => {
  const { scale = 1, mode = 'fanIn', distribution = 'truncatedNormal' } = options;
  return scaling('varianceScaling', options, { scale, mode, distribution });
};
