import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { type Shape, sameShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { broadcastShapes, ints, knownDims } from './rules.ts';
import { dimsOf, shapeOf } from './shape.ts';

/** @internal */
export const expandOp = defineOp({
  type: 'Expand',
  since: 13,
  inputs: ['input', 'shape'],
  outputs: ['output'],
  infer({ input, shape }) {
    const wanted = knownDims(shape);
    if (!wanted)
      throw fail('bad-value', {
        what: 'Expand',
        got: 'a shape computed at run time',
        want: 'sizes that are known, or made of Shape',
      });
    return { output: { dtype: input.dtype, shape: broadcastShapes('Expand', input.shape, wanted) } };
  },
  grad: ({ doutput }) => ({ input: doutput, shape: null }), // grad sums it back
  simplify([input, shape]) {
    const wanted = knownDims(shape!);
    return wanted && sameShape(input!.shape, broadcastShapes('Expand', input!.shape, wanted)) ? input : undefined;
  },
});

/**
 * Repeats a value to a larger shape by the broadcasting rule. Symbolic sizes are those of `x`.
 *
 * Shapes: `S -> broadcast(S, shape)`. Errors: `shape-mismatch`. Source: ONNX Expand-13, torch.broadcast_to.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.expand(graphInput('x', [1, 3]), [4, 3]).shape); // [4, 3]
 */
export const expand = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : expandOp({ input: x, shape: dimsOf(shape, x) }).output;

/**
 * `x` repeated to the shape that `like` has, also where that is known only at run time.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.expandLike(graphInput('x', [1, 3]), graphInput('like', ['batch', 3])).shape); // ['batch', 3]
 */
export const expandLike = (x: Value, like: Value): Value => {
  if (sameShape(x.shape, like.shape)) return x;
  const known = like.shape.every((d) => typeof d === 'number');
  return expandOp({ input: x, shape: known ? ints(like.shape as number[]) : shapeOf(like) }).output;
};

/** @internal */
export const expandCases: OpCase[] = [
  { ins: [[1, 3]], build: (x) => expand(x, [4, 3]), torch: 'torch.broadcast_to(a, (4, 3))' },
  { ins: [[2, 1]], build: (x) => expand(x, [3, 2, 2]), torch: 'torch.broadcast_to(a, (3, 2, 2))' },
  {
    name: 'expandLike',
    ins: [
      [1, 3],
      [4, 3],
    ],
    build: (x, like) => expandLike(x, like),
    torch: 'torch.broadcast_to(a, b.shape) + 0 * b',
  },
  { ins: [[]], build: (x) => expand(x, [2, 2]), torch: 'torch.broadcast_to(a, (2, 2))' },
];
