import { constant, type Value } from '../graph/index.ts';
import { full } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { axisIn, knownInts } from './rules.ts';

/** @internal */
export const cumSumOp = defineOp({
  type: 'CumSum',
  since: 14,
  inputs: ['x', 'axis'],
  outputs: ['y'],
  attrs: { exclusive: { kind: 'int', default: 0 }, reverse: { kind: 'int', default: 0 } },
  infer({ x, axis }) {
    axisIn('CumSum', knownInts('CumSum', 'axis', axis)[0]!, x.shape);
    return { y: { dtype: x.dtype, shape: x.shape } };
  },
  // What comes at i went into all later sums, so its cotangent is the sum from the other end.
  grad: ({ axis, dy }, { exclusive, reverse }) => ({ x: running(dy, axis, { exclusive, reverse: 1 - reverse }), axis: null }),
});

const running = (x: Value, axis: Value, attrs: { readonly exclusive: number; readonly reverse: number }): Value =>
  cumSumOp({ x, axis }, attrs).y;

/** How running sums are taken. */
export interface CumSumOptions {
  readonly axis?: number;
  /** Leave each element out of its own sum. */
  readonly exclusive?: boolean;
  /** Sum from the other end. */
  readonly reverse?: boolean;
}

/**
 * Running sum along one axis: `y[i] = x[0] + … + x[i]`.
 *
 * Shapes: `S -> S`. Errors: `bad-value` for an axis outside. Source: ONNX CumSum-14, torch.cumsum.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.cumSum(graphInput('x', ['batch', 3]), { axis: 1 }).shape); // ['batch', 3]
 */
export const cumSum = (x: Value, { axis = 0, exclusive = false, reverse = false }: CumSumOptions = {}): Value =>
  running(x, constant(full([], axis, 'int64')), { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 });

/** @internal */
export const cumSumCases: OpCase[] = [
  { ins: [[3, 4]], build: (x) => cumSum(x), torch: 'a.cumsum(0)' },
  { ins: [[3, 4]], build: (x) => cumSum(x, { axis: -1, exclusive: true }), torch: 'a.cumsum(1) - a' },
  { ins: [[3, 4]], build: (x) => cumSum(x, { axis: 1, reverse: true }), torch: 'a.flip(1).cumsum(1).flip(1)' },
  { ins: [[5]], build: (x) => cumSum(x, { exclusive: true, reverse: true }), torch: 'a.flip(0).cumsum(0).flip(0) - a' },
];
