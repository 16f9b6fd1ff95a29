import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineVariadicOp } from './define.ts';
import { extreme, toWinners } from './extreme.ts';
import { lift, type Operand } from './rules.ts';

/** @internal */
export const minOp = defineVariadicOp({
  type: 'Min',
  since: 13,
  elementwise: 'min',
  infer: (ins) => [extreme('Min', ins)],
  grad: ({ ins, outs, douts }) => toWinners(ins, outs[0]!, douts[0]!),
});

/**
 * The smaller of two, elementwise: `min(a, b)`. A number takes the dtype of the other side. Where both are equal, each gets
 * half the gradient.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Min-13, torch.minimum.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.min(x, 1).shape); // ['batch', 3]
 */
export const min = (a: Operand, b: Operand): Value => minOp([lift(a, b), lift(b, a)])[0]!;

/** @internal */
export const minCases: OpCase[] = [
  {
    name: 'left',
    ins: [
      { shape: [2, 3], domain: [-1, 0.5] },
      { shape: [3], domain: [1, 2] },
    ],
    build: min,
    torch: 'torch.minimum(a, b)',
  },
  {
    name: 'right',
    ins: [
      { shape: [3], domain: [1, 2] },
      { shape: [2, 3], domain: [-1, 0.5] },
    ],
    build: min,
    torch: 'torch.minimum(a, b)',
  },
  { name: 'mixed', ins: [{ values: [[1], [-2]] }, { values: [0.3, 2, -1] }], build: min, torch: 'torch.minimum(a, b)' },
  { name: 'number', ins: [{ values: [-1, 0.7, 3] }], build: (x) => min(x, 0.5), torch: 'torch.clamp(a, max=0.5)' },
  {
    name: 'three',
    ins: [{ values: [1, 5, 2] }, { values: [[2, 3, 4]] }, { values: [3, 4, -1] }],
    build: (...xs) => minOp(xs)[0]!,
    torch: 'torch.minimum(torch.minimum(a, b), c)',
  },
  {
    name: 'int64',
    ins: [
      { dtype: 'int64', values: [1, 5] },
      { dtype: 'int64', values: [2, 2] },
    ],
    build: min,
    torch: 'torch.minimum(a, b)',
    gradient: false,
  },
];
