import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';

/** Options of {@link lambda}. */
export interface LambdaOptions extends LayerOptions {
  /** What the layer does, in ops. It must not depend on anything but its arguments. */
  readonly apply: (x: Value, ...more: Value[]) => Value;
  /** The name under which it is saved, and given again to `load`; 'Lambda' unless told. */
  readonly type?: string;
}

/**
 * A layer of ops in place, without parameters. It keeps no mask.
 *
 * No file holds a function: a saved model names the layer's `type`, and `load` is given the function again under that type. So give
 * each function a type of its own. With parameters, or to be used in several places: `defineLayer`.
 *
 * Shapes: those of `apply`, whose inputs have the batch axis in front. Errors: `bad-value` for an apply that is no function;
 * those of the ops; when loading, `unknown-name` for a type that was not given.
 * Source: Keras Lambda.
 *
 * @example
 * import { input, lambda, type LayerOptions, load, model, ops, type Value } from '@stratus/core';
 * const double = (x: Value) => ops.mul(x, 2);
 * const x = input({ shape: [3] });
 * const net = model({ inputs: x, outputs: lambda({ type: 'Double', apply: double })(x) });
 * const layers = { Double: (options: LayerOptions) => lambda({ ...options, type: 'Double', apply: double }) };
 * const again = await load(await net.toBytes(), { layers });
 * console.log((await again.predict([[1, 2, 3]])).toArray()); // [[2, 4, 6]]
 */
export function lambda({ apply, type = 'Lambda', ...options }: LambdaOptions): Layer {
  if (typeof apply !== 'function')
    throw fail('bad-value', { what: type, got: `apply = ${String(apply)}`, want: 'a function of values: (x) => ops.mul(x, 2)' });
  const layer = defineLayer<object>({
    type,
    inputs: [1, Infinity],
    build: (_, inputs) => apply(...(inputs as [Value, ...Value[]])),
  });
  return layer(options);
}
