import type { Value } from '../graph/index.ts';
import { dropoutMask, mul } from '../ops/index.ts';
import type { Shape } from '../tensor/index.ts';
import type { Scope } from './layer.ts';

/**
 * Dropout inside a layer: as the layer of that name. `shape` is that of the mask, where one number of it serves many elements: it
 * must broadcast to that of x. Source: Srivastava et al. 2014.
 */
export function drop(x: Value, rate: number, scope: Scope, shape: Shape = x.shape): Value {
  if (!scope.training || rate === 0) return x;
  return mul(x, dropoutMask(shape, scope.key(), { rate, like: x, dtype: x.dtype }));
}
