import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { productOf, showShape, sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { gemm } from './gemm.ts';
import { reshape } from './reshape.ts';
import { gradientOf } from './row-product.ts';
import { broadcastShapes, sameDtype } from './rules.ts';
import { transpose } from './transpose.ts';

/** @internal */
export const matMulOp = defineOp({
  type: 'MatMul',
  since: 13,
  inputs: ['a', 'b'],
  outputs: ['y'],
  infer({ a, b }) {
    const dtype = sameDtype('MatMul', a, b);
    const [m, k] = a.shape.slice(-2);
    const [k2, n] = b.shape.slice(-2);
    if (m === undefined || k === undefined || k2 === undefined || n === undefined || (k !== k2 && typeof k === typeof k2))
      throw fail('shape-mismatch', {
        what: 'MatMul',
        got: `${showShape(a.shape)} x ${showShape(b.shape)}`,
        want: 'two matrices (or stacks of them) with equal inner sizes',
        fix: 'Check the layer before it, or transpose one side.',
      });
    return { y: { dtype, shape: [...broadcastShapes('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] } };
  },
  flops: ({ a }, { y }) => 2 * sizeOf(y.shape) * a.shape.at(-1)!,
  // dA = dY Bᵀ, dB = Aᵀ dY. A stack times one matrix is one product over all its rows, so that dB needs no stack of products.
  grad({ a, b, y, dy }) {
    const [left, right] = b.shape.length === 2 && a.shape.length > 2 ? [rows(a), rows(dy)] : [a, dy];
    return {
      a: gradientOf({ a, y, dy }, matMul(dy, swapLast(b))),
      // Of a transposed B transposed itself, as Bᵀ wants it.
      b: isSwapped(b) ? swapLast(matMul(swapLast(right), left)) : matMul(swapLast(left), right),
    };
  },
  // sum of A_t B_t over t: one product, in which t lengthens the inner axis.
  sumSteps({ ins: [a, b] }, { fixed, all, after }) {
    if (a!.shape.length !== 2 || b!.shape.length !== 2) return undefined;
    const [p, q] = [fixed(a!), fixed(b!)];
    if (!p && !q) return gemm(rows(all(swapLast(a!))), rows(all(b!)), undefined, { transA: true });
    const sum = p ? after(b!) : after(a!);
    return sum && (p ? matMul(p, sum) : matMul(sum, q!));
  },
});

const swapLast = (x: Value): Value => {
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
};
/** True for what was transposed: then its transpose is no node of its own. */
const isSwapped = (x: Value): boolean => swapLast(x).node?.ins[0] !== x;
const rows = (x: Value): Value => reshape(x, [productOf(x.shape.slice(0, -1)), x.shape[x.shape.length - 1]!]);

/**
 * Matrix product over the last two axes; leading axes broadcast.
 *
 * Shapes: `[..., m, k], [..., k, n] -> [..., m, n]`. Errors: `shape-mismatch`, `dtype-mismatch`.
 * Source: ONNX MatMul-13, torch.matmul (for two or more axes).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const y = ops.matMul(graphInput('x', ['batch', 784]), graphInput('w', [784, 10]));
 * console.log(y.shape); // ['batch', 10]
 */
export const matMul = (a: Value, b: Value): Value => matMulOp({ a, b }).y;

/** @internal */
export const matMulCases: OpCase[] = [
  {
    ins: [
      [2, 3],
      [3, 4],
    ],
    build: matMul,
    torch: 'a @ b',
  },
  {
    ins: [
      [5, 2, 3],
      [3, 4],
    ],
    build: matMul,
    torch: 'a @ b',
  },
  {
    ins: [
      [2, 3],
      [5, 3, 4],
    ],
    build: matMul,
    torch: 'a @ b',
  },
  {
    ins: [
      [4, 1, 2, 3],
      [5, 3, 2],
    ],
    build: matMul,
    torch: 'a @ b',
  },
];
