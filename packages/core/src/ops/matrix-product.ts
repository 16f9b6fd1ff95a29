import { fail } from '../errors.ts';
import { ownDomain, type Value } from '../graph/index.ts';
import { dimsDiffer, showShape, sizeOf } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { gemm } from './gemm.ts';
import { matMul } from './mat-mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { sameDtype } from './rules.ts';
import { transpose } from './transpose.ts';

/**
 * `sums`: those of the columns of the right side, which is gone through anyway. Next to the gradient of a kernel they are the gradient of its bias.
 *
 * @internal
 */
export const matrixProductOp = defineOp({
  type: 'MatrixProduct',
  domain: ownDomain,
  since: 1,
  inputs: ['a', 'b'],
  optional: ['c'],
  outputs: ['y', 'sums'],
  attrs: { turned_left: { kind: 'int', default: 0 }, turned_right: { kind: 'int', default: 0 } },
  suits: ({ ins }) => ins.every((v) => !v || v.dtype === 'float32'),
  infer({ a, b, c }, attrs) {
    const dtype = sameDtype('MatrixProduct', a, b);
    const before = a.shape.slice(0, -2);
    const [rows, inner] = attrs.turned_left ? a.shape.toReversed() : a.shape.slice(-2);
    const [inner2, columns] = attrs.turned_right ? b.shape.toReversed() : b.shape;
    if (a.shape.length < 2 || (attrs.turned_left && before.length > 0) || b.shape.length !== 2 || dimsDiffer(inner!, inner2!))
      throw fail('shape-mismatch', {
        what: 'MatrixProduct',
        got: `${showShape(a.shape)}${attrs.turned_left ? ' turned' : ''} x ${showShape(b.shape)}${attrs.turned_right ? ' turned' : ''}`,
        want: 'a matrix (or, as it lies, a stack of them) times a matrix, with equal inner sizes',
      });
    const shape = [...before, rows!, columns!];
    const added = c && (c.shape.length === 1 ? [columns!] : shape.length === 2 ? shape : undefined);
    if (c && (added?.length !== c.shape.length || added.some((size, i) => dimsDiffer(size, c.shape[i]!))))
      throw fail('shape-mismatch', {
        what: 'MatrixProduct',
        got: `${showShape(c.shape)} to be added`,
        want: `${showShape([columns!])}, or for two matrices ${showShape(shape)}`,
      });
    return { y: { dtype, shape }, sums: { dtype, shape: [columns!] } };
  },
  flops: ({ a }, { y }, attrs) => 2 * sizeOf(y.shape) * (attrs.turned_left ? a.shape[0]! : a.shape.at(-1)!),
  expand({ a, b, c }, attrs) {
    const [transA, transB] = [attrs.turned_left === 1, attrs.turned_right === 1];
    const sums = reduceSum(b, { axes: [transB ? 1 : 0] });
    if (a.shape.length === 2) return { y: gemm(a, b, c, { transA, transB }), sums };
    const product = matMul(a, transB ? transpose(b) : b);
    return { y: c ? add(product, c) : product, sums };
  },
  grad: 'expanded',
});

/**
 * A product of a matrix, or of all rows of a stack, with a matrix; each may be given turned over.
 *
 * Shapes: `a [..., m, k] (turned: [k, m]), b [k, n] (turned: [n, k]), c [n] or [m, n] -> [..., m, n]`. Errors: `shape-mismatch`, `dtype-mismatch`.
 *
 * @internal
 */
export const matrixProduct = (
  { a, b, c }: { readonly a: Value; readonly b: Value; readonly c?: Value | undefined },
  { left = false, right = false }: { readonly left?: boolean; readonly right?: boolean } = {},
): Value => matrixProductOp({ a, b, c }, { turned_left: Number(left), turned_right: Number(right) }).y;

/** @internal */
export const matrixProductCases: OpCase[] = [
  {
    name: 'with sums of columns',
    ins: [
      [5, 7],
      [5, 33],
    ],
    build: (a, b) => {
      const { y, sums } = matrixProductOp({ a, b }, { turned_left: 1 });
      return [y, sums];
    },
    torch: '(a.T @ b, b.sum(0))',
  },
  {
    name: 'bias',
    ins: [[7, 5], [5, 19], [19]],
    build: (a, b, c) => matrixProduct({ a, b, c }),
    torch: 'a @ b + c',
  },
  {
    name: 'left turned',
    ins: [
      [5, 7],
      [5, 33],
    ],
    build: (a, b) => matrixProduct({ a, b }, { left: true }),
    torch: 'a.T @ b',
  },
  {
    name: 'a stack, right turned',
    ins: [[2, 3, 5], [17, 5], [17]],
    build: (a, b, c) => matrixProduct({ a, b, c }, { right: true }),
    torch: 'a @ b.T + c',
  },
  {
    name: 'added to a matrix',
    ins: [
      [7, 5],
      [5, 20],
      [7, 20],
    ],
    build: (a, b, c) => matrixProduct({ a, b, c }),
    torch: 'a @ b + c',
  },
  {
    name: 'both turned',
    ins: [
      [5, 4],
      [18, 5],
    ],
    build: (a, b) => matrixProduct({ a, b }, { left: true, right: true }),
    torch: '(b @ a).T',
  },
];
