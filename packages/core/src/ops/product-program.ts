import { ownDomain, type Value } from '../graph/index.ts';
import { sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineVariadicOp } from './define.ts';
import { elementwiseOp, type Instruction, programText } from './elementwise.ts';
import { matrixProductOp } from './matrix-product.ts';

const product = (ins: readonly Value[], attrs: Readonly<Record<string, unknown>>) =>
  matrixProductOp(
    { a: ins[0]!, b: ins[1]! },
    { turned_left: attrs['turned_left'] as number, turned_right: attrs['turned_right'] as number },
  );

/** @internal */
export const productProgramOp = defineVariadicOp({
  type: 'ProductProgram',
  domain: ownDomain,
  since: 1,
  attrs: {
    turned_left: { kind: 'int', default: 0 },
    turned_right: { kind: 'int', default: 0 },
    program: { kind: 'string' },
    outputs: { kind: 'int' },
    sums: { kind: 'int', default: 0 },
  },
  suits: ({ ins }) => ins.every((x) => x!.dtype === 'float32'),
  infer(ins, attrs) {
    const sides = ins.slice(0, 2).map((v, index) => ({ ...v, index }));
    const { y, sums } = product(sides, attrs);
    const outs = Array.from({ length: attrs.outputs! }, () => ({ dtype: y.dtype, shape: y.shape }));
    return attrs.sums ? [...outs, { dtype: sums.dtype, shape: sums.shape }] : outs;
  },
  expand(ins, attrs) {
    const { y, sums } = product(ins as readonly Value[], attrs);
    const after = [y, ...(ins.slice(2) as readonly Value[])];
    const outs = elementwiseOp(after, { program: attrs['program'] as string, outputs: attrs['outputs'] as number });
    return attrs['sums'] ? [...outs, sums] : outs;
  },
  grad: 'expanded',
  flops: ([a], [y], attrs) => 2 * sizeOf(y!.shape) * a!.shape.at(attrs['turned_left'] ? 0 : -1)!,
});

/**
 * A product of matrices that goes into a program of elementwise ops where it is made, so that it is never written. Operand 0 of the program is the
 * product, then come `others`: like the product, or a row, a column or a number that is repeated. `sums`: one more output, the sums of the right side's columns.
 *
 * Shapes: `a [..., m, k] (turned: [k, m]), b [k, n] (turned: [n, k]) -> outputs x [..., m, n], [n]`.
 * @internal
 */
export const productProgram = (
  { a, b, others }: { readonly a: Value; readonly b: Value; readonly others: readonly Value[] },
  program: readonly Instruction[],
  how: { readonly left?: boolean; readonly right?: boolean; readonly outputs: number; readonly sums?: boolean },
): readonly Value[] =>
  productProgramOp([a, b, ...others], {
    turned_left: Number(how.left ?? false),
    turned_right: Number(how.right ?? false),
    program: programText(program),
    outputs: how.outputs,
    sums: Number(how.sums ?? false),
  });

/** @internal */
export const productProgramCases: OpCase[] = [
  {
    name: 'a step of momentum, and sums of columns',
    ins: [[5, 7], [5, 19], [7, 19], [7, 19], []],
    build: (a, b, velocity, weights, rate) =>
      productProgram(
        { a: a!, b: b!, others: [velocity!, weights!, rate!] },
        [
          { kind: 'add', to: 4, from: [0, 1] },
          { kind: 'mul', to: 6, from: [4, 3] },
          { kind: 'sub', to: 5, from: [2, 6] },
        ],
        { left: true, outputs: 2, sums: true },
      ),
    torch: '(a.T @ b + c, d - e * (a.T @ b + c), b.sum(0))',
  },
  {
    name: 'a stack with a row and a column',
    ins: [[2, 3, 5], [17, 5], [17], [2, 3, 1]],
    build: (a, b, row, column) =>
      productProgram(
        { a: a!, b: b!, others: [row!, column!] },
        [
          { kind: 'add', to: 4, from: [0, 1] },
          { kind: 'tanh', to: 4, from: [4] },
          { kind: 'mul', to: 3, from: [4, 2] },
        ],
        { right: true, outputs: 1 },
      ),
    torch: 'torch.tanh(a @ b.T + c) * d',
  },
];
