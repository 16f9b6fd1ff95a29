import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineVariadicOp } from './define.ts';
import { extreme } from './extreme.ts';
import { mul } from './mul.ts';

/** @internal */
export const meanOp = defineVariadicOp({
  type: 'Mean',
  since: 13,
  infer: (ins) => [extreme('Mean', ins)],
  expand: (ins) => [
    mul(
      ins.reduce((a, b) => add(a, b)),
      1 / ins.length,
    ),
  ],
  grad({ ins, douts }) {
    const share = mul(douts[0]!, 1 / ins.length);
    return ins.map(() => share);
  },
});

/**
 * Mean of any number of values, elementwise. For the mean over axes of one value see `reduceMean`.
 *
 * Shapes: any that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Mean-13.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.mean([x, graphInput('y', [3])]).shape); // ['batch', 3]
 */
export const mean = (values: readonly Value[]): Value => meanOp(values)[0]!;

/** @internal */
export const meanCases: OpCase[] = [
  {
    ins: [[2, 3], [3], [2, 1]],
    build: (...xs) => mean(xs),
    torch: '(a + b + c) / 3',
    float32: 'ONNX Runtime has no kernel for float64',
  },
];
