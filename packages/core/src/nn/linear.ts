import type { Value } from '../graph/index.ts';
import { gemm, matMul } from '../ops/index.ts';
import { fromRows, rowsOf } from './rows.ts';

/** `x W + b` over the last axis: `[..., in], [in, out], [out] -> [..., out]`, as one product of all rows that also adds the bias. */
export const linear = (x: Value, kernel: Value, bias?: Value): Value =>
  fromRows(bias ? gemm(rowsOf(x), kernel, bias) : matMul(rowsOf(x), kernel), x);
