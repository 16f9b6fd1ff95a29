import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { full, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { expandLike } from './expand.ts';
import { axisIn, ints, knownInts } from './rules.ts';
import { scatterAdd } from './scatter-add.ts';
import { attributesBecameInputs } from './written.ts';

/** @internal */
export const topKOp = defineOp({
  type: 'TopK',
  since: 11,
  inputs: ['x', 'k'],
  outputs: ['values', 'indices'],
  attrs: { axis: { kind: 'int', default: -1 }, largest: { kind: 'int', default: 1 }, sorted: { kind: 'int', default: 1 } },
  written: [attributesBecameInputs(10, { k: { kind: 'int' }, axis: { kind: 'int', default: -1 } }, { k: 1 })],
  infer({ x, k }, { axis }) {
    const at = axisIn('TopK', axis, x.shape);
    const [count] = knownInts('TopK', 'k', k);
    const size = x.shape[at]!;
    if (!(count! >= 0) || (typeof size === 'number' && count! > size))
      throw fail('bad-value', {
        what: 'TopK',
        got: `k = ${count} for axis ${at} of shape ${showShape(x.shape)}`,
        want: `0 to ${size}`,
      });
    const shape = x.shape.with(at, count!);
    return { values: { dtype: x.dtype, shape }, indices: { dtype: 'int64', shape } };
  },
  grad: ({ x, indices, dvalues }, { axis }) => ({
    x: scatterAdd(expandLike(constant(full([], 0, x.dtype)), x), indices, dvalues, { axis }),
    k: null,
  }),
});

/**
 * The `k` largest elements along one axis, in descending order, and their positions (int64). Of those that tie the first come first.
 *
 * Shapes: `[.., n, ..] -> [.., k, ..]` both. Errors: `bad-value` for more than there are.
 * Source: ONNX TopK-11, torch.topk.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const { values, indices } = ops.topK(graphInput('x', ['batch', 10]), 3);
 * console.log(values.shape, indices.dtype); // ['batch', 3] int64
 */
export const topK = (
  x: Value,
  k: number,
  { axis = -1 }: { readonly axis?: number } = {},
): { readonly values: Value; readonly indices: Value } => topKOp({ x, k: ints([k]) }, { axis });

/** @internal */
export const topKCases: OpCase[] = [
  { ins: [[3, 5]], build: (x) => [topK(x, 2).values, topK(x, 2).indices], torch: 'torch.topk(a, 2)' },
  { ins: [[4, 3]], build: (x) => topK(x, 3, { axis: 0 }).values, torch: 'torch.topk(a, 3, 0).values' },
  {
    ins: [[2, 4]],
    build: (x) => topKOp({ x, k: ints([2]) }, { largest: 0 }).values,
    torch: 'torch.topk(a, 2, largest=False).values',
  },
];
