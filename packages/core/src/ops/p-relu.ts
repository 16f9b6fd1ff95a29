import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { arithmetic } from './kinds.ts';
import { lessOrEqual } from './less-or-equal.ts';
import { mul } from './mul.ts';

/** @internal */
export const pReluOp = defineOp({
  type: 'PRelu',
  since: 16,
  inputs: ['x', 'slope'],
  outputs: ['y'],
  infer: ({ x, slope }) => ({ y: { dtype: arithmetic('PRelu', x, slope).dtype, shape: x.shape } }),
  grad({ x, slope, dy }) {
    const [up, down] = [cast(greater(x, 0), x.dtype), cast(lessOrEqual(x, 0), x.dtype)];
    return { x: mul(dy, add(up, mul(down, slope))), slope: mul(dy, mul(x, down)) };
  },
});

/**
 * `y = x` above 0 and `slope x` below, with slopes that may be learnt.
 *
 * Shapes: `S, slope that broadcasts to S -> S`. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX PRelu-16, torch.prelu.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.pRelu(graphInput('x', ['batch', 3]), graphInput('slope', [3])).shape); // ['batch', 3]
 */
export const pRelu = (x: Value, slope: Value): Value => pReluOp({ x, slope }).y;

/** @internal */
export const pReluCases: OpCase[] = [
  {
    ins: [
      {
        values: [
          [-1.5, 2, -0.3],
          [0.4, -2, 1],
        ],
      },
      [3],
    ],
    build: pRelu,
    torch: 'torch.where(a > 0, a, a * b)',
    float32: 'ONNX Runtime has no kernel for float64',
  },
];
