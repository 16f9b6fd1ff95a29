import type { Value } from '../graph/index.ts';
import { productOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { reshapeLike } from './reshape.ts';
import { axisIn } from './rules.ts';

/** @internal */
export const flattenOp = defineOp({
  type: 'Flatten',
  since: 21,
  inputs: ['input'],
  outputs: ['output'],
  attrs: { axis: { kind: 'int', default: 1 } },
  infer({ input }, { axis }) {
    const at = axis === input.shape.length ? axis : axisIn('Flatten', axis, input.shape);
    return {
      output: { dtype: input.dtype, shape: [productOf(input.shape.slice(0, at)), productOf(input.shape.slice(at))] },
    };
  },
  grad: ({ input, doutput }) => ({ input: reshapeLike(doutput, input) }),
});

/**
 * Makes a matrix: the axes before `axis` become rows, those from it on columns.
 *
 * Shapes: `[a, b, c], axis 1 -> [a, b c]`. Errors: `bad-value` for an axis outside. Source: ONNX Flatten-21, torch.flatten.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.flatten(graphInput('x', ['batch', 4, 3])).shape); // ['batch', 12]
 */
export const flatten = (x: Value, { axis = 1 }: { readonly axis?: number } = {}): Value =>
  flattenOp({ input: x }, { axis }).output;

/** @internal */
export const flattenCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => flatten(x), torch: 'a.flatten(1)' },
  { ins: [[2, 3, 4]], build: (x) => flatten(x, { axis: -1 }), torch: 'a.reshape(6, 4)' },
  { name: 'all', ins: [[2, 3]], build: (x) => flatten(x, { axis: 0 }), torch: 'a.reshape(1, 6)' },
];
