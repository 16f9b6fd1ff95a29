import { apply, atPath, type Value } from '../../graph/index.ts';
import { maxPool } from '../../ops/index.ts';
import type { Scope } from '../layer.ts';
import type { WindowOptions } from './pooling.ts';

/**
 * The largest element of each window. The largest of `f(x)` is `f` of the largest `x` if `f` nowhere falls: so, for training, an
 * activation that comes before the windows is calculated after them, and differentiated, on a quarter of the elements. In the file
 * that serves it stays before, where ONNX Runtime makes it a part of the convolution.
 */
export function largest(x: Value, options: WindowOptions, { training }: Scope): Value {
  const before = training && x.node?.op.increasing ? x.node : undefined;
  if (!before) return maxPool(x, options);
  const y = maxPool(before.ins[0]!, options);
  return atPath(before.path, () => apply(before.op, [y], before.attrs)[0]!);
}
