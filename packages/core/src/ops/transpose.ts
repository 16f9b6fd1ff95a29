import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';

/** @internal */
export const transposeOp = defineOp({
  type: 'Transpose',
  since: 21,
  inputs: ['data'],
  outputs: ['transposed'],
  attrs: { perm: { kind: 'ints' } },
  infer({ data }, { perm }) {
    const order = perm ?? reversed(data.shape.length);
    if (order.length !== data.shape.length || [...order].sort((a, b) => a - b).some((axis, i) => axis !== i))
      throw fail('bad-value', {
        what: 'Transpose',
        got: `the order ${showShape(order)} for shape ${showShape(data.shape)}`,
        want: `every axis from 0 to ${data.shape.length - 1} once`,
      });
    return { transposed: { dtype: data.dtype, shape: order.map((axis) => data.shape[axis]!) } };
  },
  grad({ data, dtransposed }, { perm }) {
    const order = perm ?? reversed(data.shape.length);
    return {
      data: transpose(
        dtransposed,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    };
  },
  simplify([data], attrs): Value | undefined {
    const order = (attrs['perm'] as readonly number[] | undefined) ?? reversed(data!.shape.length);
    const before = data!.node?.op === transposeOp.op ? data!.node : undefined;
    const first = before && ((before.attrs['perm'] as readonly number[] | undefined) ?? reversed(order.length));
    const whole = first ? order.map((axis) => first[axis]!) : order;
    if (whole.every((axis, i) => axis === i)) return before ? before.ins[0] : data;
    return before && transposeOp({ data: before.ins[0]! }, { perm: whole }).transposed;
  },
  sumSteps({ ins: [data], attrs }, { after }) {
    const sum = after(data!);
    return sum && transpose(sum, attrs['perm'] as readonly number[] | undefined);
  },
});

const reversed = (rank: number): number[] => Array.from({ length: rank }, (_, i) => rank - 1 - i);

/**
 * Reorders the axes; reverses them unless an order is given.
 *
 * Shapes: `S -> S[perm]`. Errors: `bad-value` unless `perm` names every axis once.
 * Source: ONNX Transpose-21, torch.permute.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.transpose(graphInput('x', ['batch', 3, 4]), [0, 2, 1]).shape); // ['batch', 4, 3]
 */
export function transpose(x: Value, perm: readonly number[] = reversed(x.shape.length)): Value {
  // Of what was transposed the other way round before, what it was made of: gradients ask for that.
  const before = x.node?.op === transposeOp.op ? (x.node.attrs['perm'] as readonly number[]) : undefined;
  if (before && perm.length === before.length && perm.every((axis, i) => before[axis] === i)) return x.node!.ins[0]!;
  return transposeOp({ data: x }, { perm }).transposed;
}

/** @internal */
export const transposeCases: OpCase[] = [
  { ins: [[2, 3]], build: (x) => transpose(x), torch: 'a.permute(1, 0)' },
  { ins: [[2, 3, 4]], build: (x) => transpose(x, [1, 2, 0]), torch: 'a.permute(1, 2, 0)' },
];
