import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { hardSigmoid } from './hard-sigmoid.ts';
import { less } from './less.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const hardSwishOp = defineOp({
  type: 'HardSwish',
  since: 14,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('HardSwish', x) }),
  // y' = h(x) + x h'(x), where h' is 1/6 between -3 and 3.
  grad({ x, dy }) {
    const inside = cast(and(greater(x, -3), less(x, 3)), x.dtype);
    return { x: mul(dy, add(hardSigmoid(x, { alpha: 1 / 6, beta: 0.5 }), mul(mul(x, 1 / 6), inside))) };
  },
});

/**
 * `y = x max(0, min(1, x / 6 + 1/2))`, elementwise.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX HardSwish-14, torch.nn.functional.hardswish.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.hardSwish(graphInput('x', ['batch', 3])).shape); // ['batch', 3]
 */
export const hardSwish = (x: Value): Value => hardSwishOp({ x }).y;

/** @internal */
export const hardSwishCases: OpCase[] = [
  {
    ins: 'any',
    build: hardSwish,
    torch: 'F.hardswish(a)',
    float32: 'ONNX Runtime has no kernel for float64',
  },
  {
    name: 'outside',
    ins: [{ values: [-9, -3.5, 3.5, 9] }],
    build: hardSwish,
    torch: 'F.hardswish(a)',
    float32: 'ONNX Runtime has no kernel for float64',
  },
];
