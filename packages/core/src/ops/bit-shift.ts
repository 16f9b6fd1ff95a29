import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { whole } from './kinds.ts';
import { elementwise, lift, type Operand } from './rules.ts';

/** @internal */
export const bitShiftOp = defineOp({
  type: 'BitShift',
  since: 11,
  inputs: ['x', 'y'],
  outputs: ['z'],
  attrs: { direction: { kind: 'string' } },
  infer: ({ x, y }) => ({ z: elementwise('BitShift', whole('BitShift', x, 'unsigned integer'), y) }),
  grad: 'zero',
});

/**
 * Moves the bits of whole numbers, elementwise: `a << b` or `a >>> b`; zeros come in. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` unless both are one unsigned dtype, `bad-value`
 * for another direction. Source: ONNX BitShift-11, torch.bitwise_left_shift, torch.bitwise_right_shift.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const bits = graphInput('bits', [4], 'uint32');
 * console.log(ops.bitShift(bits, 8, { direction: 'right' }).dtype); // uint32
 */
export function bitShift(a: Operand, b: Operand, { direction }: { readonly direction: 'left' | 'right' }): Value {
  if (direction !== 'left' && direction !== 'right')
    throw fail('bad-value', { what: 'BitShift', got: `direction: '${String(direction)}'`, want: "'left' or 'right'" });
  return bitShiftOp({ x: lift(a, b), y: lift(b, a) }, { direction: direction === 'left' ? 'LEFT' : 'RIGHT' }).z;
}

/** @internal */
export const bitShiftCases: OpCase[] = [
  {
    name: 'left',
    ins: [{ dtype: 'uint8', values: [1, 3, 200] }],
    build: (x) => bitShift(x, 2, { direction: 'left' }),
    torch: 'a << 2',
    gradient: false,
  },
  {
    name: 'right',
    ins: [
      { dtype: 'uint8', values: [[1], [255]] },
      { dtype: 'uint8', values: [0, 1, 7] },
    ],
    build: (x, n) => bitShift(x, n, { direction: 'right' }),
    torch: 'a >> b',
    gradient: false,
  },
];
