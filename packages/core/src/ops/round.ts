import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { equal } from './equal.ts';
import { floor } from './floor.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';
import { sub } from './sub.ts';

/** @internal */
export const roundOp = defineOp({
  type: 'Round',
  since: 11,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Round', x) }),
  // Halves go to the even neighbour: half a number is then whole.
  expand({ x }) {
    const up = floor(add(x, 0.5));
    const half = cast(equal(sub(up, x), 0.5), x.dtype);
    const odd = sub(up, mul(floor(mul(up, 0.5)), 2));
    return { y: sub(up, mul(half, odd)) };
  },
  grad: 'zero',
});

/**
 * The nearest whole number, elementwise, and the even one of two that are equally near: `round(2.5) = 2`. Its slope is 0.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Round-11, torch.round.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.round(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const round = (x: Value): Value => roundOp({ x }).y;

/** @internal */
export const roundCases: OpCase[] = [
  { ins: 'any', domain: [0.05, 0.45], build: round, torch: 'torch.round(a)' },
  {
    name: 'edges',
    ins: [{ values: [-2.5, -1.5, -1, -0.5, -0.2, 0, 0.5, 1.5, 2, 2.5, 1e9] }],
    build: round,
    torch: 'torch.round(a)',
    gradient: false,
  },
];
