import type { Value } from '../../graph/index.ts';
import { dropoutMask, dropoutScale, mul } from '../../ops/index.ts';
import type { Shape } from '../../tensor/index.ts';
import type { Scope } from '../layer.ts';

/**
 * Dropout inside a layer: as the layer of that name. `shape` is that of the mask, where one number of it serves many elements: it
 * must broadcast to that of x. Source: Srivastava et al. 2014.
 */
export function drop(x: Value, rate: number, scope: Scope, shape: Shape = x.shape): Value {
  if (!scope.training || rate === 0) return x;
  return mul(x, dropoutMask(shape, scope.key(), { rate, like: x, dtype: x.dtype }));
}

/** Dropout of the left side of a product. The scale goes to the right side, which is smaller: one pass less over the left one. */
export function dropInProduct(
  left: Value,
  right: Value,
  { rate, scope }: { readonly rate: number; readonly scope: Scope },
): [Value, Value] {
  if (!scope.training || rate === 0) return [left, right];
  const mask = dropoutMask(left.shape, scope.key(), { rate, like: left, dtype: left.dtype, scaled: false });
  return [mul(left, mask), mul(right, dropoutScale(rate))];
}
