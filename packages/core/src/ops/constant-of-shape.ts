import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { full, type Tensor } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { expandOp } from './expand.ts';
import { ints, knownDims } from './rules.ts';

/** @internal */
export const constantOfShapeOp = defineOp({
  type: 'ConstantOfShape',
  since: 21,
  inputs: ['input'],
  outputs: ['output'],
  attrs: { value: { kind: 'tensor', default: full([1], 0) } },
  infer({ input }, { value }) {
    const shape = knownDims(input);
    if (!shape)
      throw fail('bad-value', {
        what: 'ConstantOfShape',
        got: 'a shape computed at run time',
        want: 'sizes that are known, or made of Shape',
      });
    return { output: { dtype: value.dtype, shape } };
  },
  expand: ({ input }, { value }) => ({ output: expandOp({ input: constant(value.reshape([])), shape: input }).output }),
  grad: 'zero',
});

/**
 * A tensor of sizes that may be known only at run time, filled with the one element of `value`.
 *
 * Shapes: `sizes [n] -> sizes`. Errors: `bad-value` for sizes that are not known when the graph is built, not even by name.
 * Source: ONNX ConstantOfShape-21, torch.full.
 *
 * @example
 * import { full, graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.constantOfShape(ops.shapeOf(x), full([1], 0.5)).shape); // ['batch', 3]
 */
export const constantOfShape = (sizes: Value, value: Tensor = full([1], 0)): Value =>
  constantOfShapeOp({ input: sizes }, { value }).output;

/** @internal */
export const constantOfShapeCases: OpCase[] = [
  { ins: [], build: () => constantOfShape(ints([2, 3]), full([1], 0.5)), torch: 'torch.full((2, 3), 0.5)', gradient: false },
];
