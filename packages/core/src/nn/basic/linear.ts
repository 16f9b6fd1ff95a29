import type { Value } from '../../graph/index.ts';
import { add, gemm, matMul } from '../../ops/index.ts';
import { fromRows, rowsOf } from '../rows.ts';

/**
 * `x W + b` over the last axis: `[..., in], [in, out], [out] -> [..., out]`, as one product of all rows, plus `onto`, which has the shape
 * of the result. The product adds the bias, or `onto` where there is none, without a pass over memory.
 */
export function linear(x: Value, kernel: Value, bias?: Value, onto?: Value): Value {
  const rows = rowsOf(x);
  const to = onto && rowsOf(onto);
  const added = bias ?? to;
  const y = added ? gemm(rows, kernel, added) : matMul(rows, kernel);
  return fromRows(bias && to ? add(to, y) : y, x);
}
