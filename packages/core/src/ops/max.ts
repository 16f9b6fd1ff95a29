import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineVariadicOp } from './define.ts';
import { extreme, toWinners } from './extreme.ts';
import { lift, type Operand } from './rules.ts';

/** @internal */
export const maxOp = defineVariadicOp({
  type: 'Max',
  since: 13,
  elementwise: 'max',
  infer: (ins) => [extreme('Max', ins)],
  grad: ({ ins, outs, douts }) => toWinners(ins, outs[0]!, douts[0]!),
});

/**
 * The larger of two, elementwise: `max(a, b)`. A number takes the dtype of the other side. Where both are equal, each gets
 * half the gradient.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Max-13, torch.maximum.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.max(x, 0).shape); // ['batch', 3]
 */
export const max = (a: Operand, b: Operand): Value => maxOp([lift(a, b), lift(b, a)])[0]!;

/** @internal */
export const maxCases: OpCase[] = [
  {
    name: 'left',
    ins: [
      { shape: [2, 3], domain: [1, 2] },
      { shape: [3], domain: [-1, 0.5] },
    ],
    build: max,
    torch: 'torch.maximum(a, b)',
  },
  {
    name: 'right',
    ins: [
      { shape: [3], domain: [-1, 0.5] },
      { shape: [2, 3], domain: [1, 2] },
    ],
    build: max,
    torch: 'torch.maximum(a, b)',
  },
  { name: 'mixed', ins: [{ values: [[1], [-2]] }, { values: [0.3, 2, -1] }], build: max, torch: 'torch.maximum(a, b)' },
  { name: 'number', ins: [{ values: [-1, 0.7, 3] }], build: (x) => max(x, 0.5), torch: 'torch.clamp(a, min=0.5)' },
  {
    name: 'three',
    ins: [{ values: [1, 5, 2] }, { values: [[2, 3, 4]] }, { values: [3, 4, -1] }],
    build: (...xs) => maxOp(xs)[0]!,
    torch: 'torch.maximum(torch.maximum(a, b), c)',
  },
  {
    name: 'int32',
    ins: [
      { dtype: 'int32', values: [1, 5] },
      { dtype: 'int32', values: [2, 2] },
    ],
    build: max,
    torch: 'torch.maximum(a, b)',
    gradient: false,
  },
];
