import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { isStatic, type Shape, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { concat } from './concat.ts';
import { defineOp } from './define.ts';
import { gather } from './gather.ts';
import { ints } from './rules.ts';

/** @internal */
export const shapeOp = defineOp({
  type: 'Shape',
  since: 21,
  inputs: ['data'],
  outputs: ['shape'],
  attrs: { start: { kind: 'int', default: 0 }, end: { kind: 'int' } },
  infer({ data }, { start, end }) {
    const dims = data.shape.slice(start, end);
    return { shape: { dtype: 'int64', shape: [dims.length], dims } };
  },
  grad: 'zero',
});

/**
 * The sizes of a value at run time, as an int64 list.
 *
 * Shapes: `S -> [rank]`. Source: ONNX Shape-21, torch.Tensor.size.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.shapeOf(graphInput('x', ['batch', 3])).shape); // [2]
 */
export const shapeOf = (data: Value): Value => shapeOp({ data }).shape;

/**
 * A shape as an int64 list. Sizes known only at run time are read off `from`, which must have axes of those names.
 *
 * Errors: `bad-value` for a name that `from` has not.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.dimsOf(['batch', 1], graphInput('x', ['batch', 3])).shape); // [2]
 */
export function dimsOf(shape: Shape, from: Value): Value {
  if (isStatic(shape)) return ints(shape);
  const sizes = shapeOf(from);
  if (shape.length === from.shape.length && shape.every((d, i) => d === from.shape[i])) return sizes;
  return concat(
    shape.map((d) => {
      if (typeof d === 'number') return ints([d]);
      const axis = from.shape.indexOf(d);
      if (axis < 0)
        throw fail('bad-value', {
          what: 'shape',
          got: `the symbolic size '${d}'`,
          want: `one of the sizes of ${showShape(from.shape)}`,
          fix: 'Give that size as a number, or leave it to -1.',
        });
      return gather(sizes, ints([axis]), { axis: 0 });
    }),
    { axis: 0 },
  );
}

/** @internal */
export const shapeCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: shapeOf, torch: 'torch.tensor(a.shape)', gradient: false },
  { name: 'dimsOf', ins: [[2, 3]], build: (x) => dimsOf([6, 1], x), torch: 'torch.tensor([6, 1])', gradient: false },
];
