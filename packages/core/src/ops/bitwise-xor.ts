import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { whole } from './kinds.ts';
import { elementwise, lift, type Operand } from './rules.ts';

/** @internal */
export const bitwiseXorOp = defineOp({
  type: 'BitwiseXor',
  since: 18,
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: elementwise('BitwiseXor', whole('BitwiseXor', a, 'integer'), b) }),
  grad: 'zero',
});

/**
 * Exclusive or of the bits of whole numbers, elementwise: `a ^ b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` unless both are one integer dtype.
 * Source: ONNX BitwiseXor-18, torch.bitwise_xor.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.bitwiseXor(graphInput('bits', [4], 'uint32'), 0xff).dtype); // uint32
 */
export const bitwiseXor = (a: Operand, b: Operand): Value => bitwiseXorOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const bitwiseXorCases: OpCase[] = [
  {
    name: 'int32',
    ins: [
      { dtype: 'int32', values: [[5], [-1]] },
      { dtype: 'int32', values: [3, 0, 255] },
    ],
    build: bitwiseXor,
    torch: 'a ^ b',
    gradient: false,
  },
  {
    name: 'number',
    ins: [{ dtype: 'uint8', values: [1, 170, 255] }],
    build: (x) => bitwiseXor(x, 15),
    torch: 'a ^ 15',
    gradient: false,
  },
];
