import type { Value } from '../graph/index.ts';
import { abs } from './abs.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { mul } from './mul.ts';
import { reciprocal } from './reciprocal.ts';
import { floating } from './rules.ts';

/** @internal */
export const softsignOp = defineOp({
  type: 'Softsign',
  since: 1,
  inputs: ['input'],
  outputs: ['output'],
  infer: ({ input }) => ({ output: floating('Softsign', input) }),
  expand: ({ input }) => ({ output: div(input, add(abs(input), 1)) }),
  grad({ input, doutput }) {
    const shrink = reciprocal(add(abs(input), 1));
    return { input: mul(doutput, mul(shrink, shrink)) }; // y' = 1 / (1 + |x|)²
  },
});

/**
 * Softsign, elementwise: `y = x / (1 + |x|)`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Softsign-1, torch.nn.functional.softsign.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.softsign(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const softsign = (x: Value): Value => softsignOp({ input: x }).output;

/** @internal */
export const softsignCases: OpCase[] = [
  { ins: 'any', domain: [0.5, 2], build: softsign, torch: 'F.softsign(a)', float32: 'no float64 kernel' },
  { name: 'negative', ins: 'any', domain: [-2, -0.5], build: softsign, torch: 'F.softsign(a)', float32: 'no float64 kernel' },
];
