import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { type Dim, normalAxis, type Shape, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { knownSizes } from './kinds.ts';
import { ints, knownInts } from './rules.ts';
import { squeeze } from './squeeze.ts';
import { attributesBecameInputs } from './written.ts';

/** @internal */
export const unsqueezeOp = defineOp({
  type: 'Unsqueeze',
  since: 21,
  inputs: ['data', 'axes'],
  outputs: ['expanded'],
  written: [attributesBecameInputs(13, { axes: { kind: 'ints' } }, { axes: 1 })],
  infer({ data, axes }) {
    const shape = opened(data.shape, knownInts('Unsqueeze', 'axes', axes));
    return { expanded: { dtype: data.dtype, shape, ...(shape.length < 2 && knownSizes(data)) } };
  },
  grad: ({ axes, dexpanded }) => ({ data: squeeze(dexpanded, { axes: knownInts('Unsqueeze', 'axes', axes) }), axes: null }),
});

/** A shape with an axis of size 1 at each of `axes` of the result. */
function opened(shape: Shape, axes: readonly number[]): Shape {
  const rank = shape.length + axes.length;
  const at = new Set(axes.map((axis) => normalAxis(axis, rank)));
  if (at.has(undefined) || at.size !== axes.length)
    throw fail('bad-value', {
      what: 'Unsqueeze',
      got: `axes ${showShape(axes)} for shape ${showShape(shape)}`,
      want: `different axes of the result, from ${-rank} to ${rank - 1}`,
    });
  const left = shape.values();
  return Array.from({ length: rank }, (_, i): Dim => (at.has(i) ? 1 : left.next().value!));
}

/**
 * Puts in axes of size 1: the inverse of squeeze. The axes are those of the result; negative ones count from its end.
 *
 * Shapes: `[3, 4], axes [0, -1] -> [1, 3, 4, 1]`. Errors: `bad-value` for axes outside, or twice.
 * Source: ONNX Unsqueeze-21, torch.unsqueeze.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.unsqueeze(graphInput('x', ['batch', 3]), { axes: [1] }).shape); // ['batch', 1, 3]
 */
export const unsqueeze = (x: Value, { axes }: { readonly axes: readonly number[] }): Value =>
  unsqueezeOp({ data: x, axes: ints(axes) }).expanded;

/** @internal */
export const unsqueezeCases: OpCase[] = [
  { ins: [[2, 3]], build: (x) => unsqueeze(x, { axes: [1] }), torch: 'a.unsqueeze(1)' },
  { name: 'two', ins: [[2, 3]], build: (x) => unsqueeze(x, { axes: [-1, 0] }), torch: 'a.unsqueeze(0).unsqueeze(-1)' },
  { name: 'scalar', ins: [[]], build: (x) => unsqueeze(x, { axes: [0, 1] }), torch: 'a.reshape(1, 1)' },
];
