import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { productOf, showShape, sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { broadcastShapes, sameDtype } from './rules.ts';
import { transpose } from './transpose.ts';

/** @internal */
export const gemmOp = defineOp({
  type: 'Gemm',
  since: 13,
  inputs: ['a', 'b'],
  optional: ['c'],
  outputs: ['y'],
  attrs: {
    alpha: { kind: 'float', default: 1 },
    beta: { kind: 'float', default: 1 },
    transA: { kind: 'int', default: 0 },
    transB: { kind: 'int', default: 0 },
  },
  infer({ a, b, c }, { transA, transB }) {
    const dtype = sameDtype('Gemm', a, b);
    const [m, k] = transA ? a.shape.toReversed() : a.shape;
    const [k2, n] = transB ? b.shape.toReversed() : b.shape;
    if (a.shape.length !== 2 || b.shape.length !== 2 || (k !== k2 && typeof k === typeof k2))
      throw fail('shape-mismatch', {
        what: 'Gemm',
        got: `${showShape(a.shape)}${transA ? ' transposed' : ''} x ${showShape(b.shape)}${transB ? ' transposed' : ''}`,
        want: 'two matrices with equal inner sizes',
      });
    const shape = [m!, n!];
    if (c) broadcastShapes('Gemm', shape, c.shape);
    return { y: { dtype, shape } };
  },
  flops: ({ a }, { y }, { transA }) => 2 * sizeOf(y.shape) * a.shape[transA ? 0 : 1]!,
  // Of Gemms, which transpose as they read: ONNX Runtime does not always find a Transpose before a product of matrices.
  grad({ a, b, c, dy }, { alpha, beta, ...given }) {
    const [transA, transB] = [given.transA === 1, given.transB === 1];
    const product = (p: Value, q: Value, options: GemmOptions): Value => gemm(p, q, undefined, { alpha, ...options });
    return {
      a: transA ? product(b, dy, { transA: transB, transB: true }) : product(dy, b, { transB: !transB }),
      b: transB ? product(dy, a, { transA: true, transB: transA }) : product(a, dy, { transA: !transA }),
      c: c ? (beta === 1 ? dy : mul(dy, beta)) : null,
    };
  },
  // As MatMul: the inner axis, first in both, is lengthened by the steps.
  sumSteps({ ins: [a, b, c], attrs }, { fixed, all, after }) {
    if (c) return undefined;
    const [alpha, transA, transB] = [attrs['alpha'] as number, attrs['transA'] === 1, attrs['transB'] === 1];
    const [p, q] = [fixed(a!), fixed(b!)];
    const rows = (x: Value): Value => reshape(x, [productOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
    if (!p && !q) {
      const [left, right] = [transA ? a! : transpose(a!), transB ? transpose(b!) : b!];
      return gemm(rows(all(left)), rows(all(right)), undefined, { alpha, transA: true });
    }
    const sum = p ? after(b!) : after(a!);
    return sum && gemm(p ?? sum, p ? sum : q!, undefined, { alpha, transA, transB });
  },
});

/** How {@link gemm} is called. */
export interface GemmOptions {
  /** Factor of the product; 1 unless told. */
  readonly alpha?: number;
  /** Factor of `c`; 1 unless told. */
  readonly beta?: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/**
 * General matrix product: `y = alpha A B + beta C`, each of A and B transposed if asked for.
 *
 * Shapes: `[m, k], [k, n], C that broadcasts to [m, n] -> [m, n]`. Errors: `shape-mismatch`, `dtype-mismatch`.
 * Source: ONNX Gemm-13, torch.addmm.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const y = ops.gemm(graphInput('x', ['batch', 3]), graphInput('w', [2, 3]), undefined, { transB: true });
 * console.log(y.shape); // ['batch', 2]
 */
export const gemm = (
  a: Value,
  b: Value,
  c?: Value,
  { alpha = 1, beta = 1, transA = false, transB = false }: GemmOptions = {},
): Value => gemmOp({ a, b, c }, { alpha, beta, transA: transA ? 1 : 0, transB: transB ? 1 : 0 }).y;

/** @internal */
export const gemmCases: OpCase[] = [
  { ins: [[2, 3], [3, 4], [4]], build: (a, b, c) => gemm(a, b, c), torch: 'a @ b + c' },
  {
    name: 'transposed, scaled',
    ins: [
      [3, 2],
      [4, 3],
      [2, 1],
    ],
    build: (a, b, c) => gemm(a, b, c, { alpha: 0.5, beta: -2, transA: true, transB: true }),
    torch: '0.5 * a.T @ b.T - 2 * c',
  },
  {
    name: 'without c',
    ins: [
      [2, 3],
      [4, 3],
    ],
    build: (a, b) => gemm(a, b, undefined, { transB: true }),
    torch: 'a @ b.T',
  },
];
