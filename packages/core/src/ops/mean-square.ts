import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { countOf } from './count-of.ts';
import { div } from './div.ts';
import { reduceSumSquare } from './reduce-sum-square.ts';
import { axesIn } from './rules.ts';

/**
 * Mean of squares over axes, which stay with size 1. Of a centered value it is the variance.
 *
 * Shapes: `S -> S` with size 1 on the axes. Errors: `bad-value` for an axis outside.
 * Source: torch.mean(torch.square(x)).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.meanSquare(graphInput('x', ['batch', 3, 8]), [0, 2]).shape); // [1, 3, 1]
 */
export function meanSquare(x: Value, axes: readonly number[]): Value {
  const over = axesIn('meanSquare', axes, x.shape);
  return div(reduceSumSquare(x, { axes: over, keepDims: true }), countOf(x, over));
}

/** @internal */
export const meanSquareCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => meanSquare(x, [0, -1]), torch: 'a.square().mean((0, 2), keepdim=True)' },
];
