import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { dimsDiffer, divDims, productOf, type Shape, sameShape, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { knownSizes } from './kinds.ts';
import { ints, knownDims } from './rules.ts';
import { dimsOf, shapeOf } from './shape.ts';
import { throughUint64 } from './through-uint64.ts';

/** @internal */
export const reshapeOp = defineOp({
  type: 'Reshape',
  since: 21,
  inputs: ['data', 'shape'],
  outputs: ['reshaped'],
  attrs: { allowzero: { kind: 'int', default: 0 } },
  anyBatch([data, shape], size) {
    const sizes = knownDims(shape!);
    // 0 is: as many as there are. A batch that is not the first axis is left alone, and then the sizes do not fit.
    const batched = sizes?.[0] === size && sizes.every((d): d is number => typeof d === 'number');
    return [data, batched ? ints(sizes.with(0, 0)) : shape];
  },
  infer({ data, shape }, { allowzero }) {
    const wanted = knownDims(shape);
    if (!wanted)
      throw fail('bad-value', {
        what: 'Reshape',
        got: 'a shape computed at run time',
        want: 'sizes that are known, or made of Shape',
      });
    const copied = wanted.map((d, i) => (d === 0 && !allowzero ? (data.shape[i] ?? 0) : d));
    return { reshaped: { dtype: data.dtype, shape: resolve(data.shape, copied), ...knownSizes(data) } };
  },
  expand({ data, shape }, attrs) {
    const reshaped = throughUint64([data], ([wide]) => reshapeOp({ data: wide!, shape }, attrs).reshaped);
    return reshaped && { reshaped };
  },
  grad: ({ data, dreshaped }) => ({ data: reshapeLike(dreshaped, data), shape: null }),
  simplify([data, shape], { allowzero }): Value | undefined {
    const wanted = knownDims(shape!);
    if (!wanted) return undefined;
    const zeros = (i: number): boolean => wanted[i] === 0 && !allowzero;
    const copied = wanted.map((d, i) => (zeros(i) ? data!.shape[i]! : d));
    if (sameShape(data!.shape, resolve(data!.shape, copied))) return data;
    if (data!.node?.op !== reshapeOp.op) return undefined;
    // 0 copies a size of what is left out: it stays where the tensor before has the same there.
    const [first] = data!.node.ins;
    const moved = wanted.some((_, i) => zeros(i) && first!.shape[i] !== data!.shape[i]);
    if (moved || productOf(first!.shape) !== productOf(data!.shape)) return undefined;
    const whole = reshapeOp({ data: first!, shape: shape! }, { allowzero: allowzero as number }).reshaped;
    return sameShape(whole.shape, first!.shape) ? first : whole;
  },
});

/** Fills in -1 and checks that the number of elements stays the same, as far as that is known. */
function resolve(from: Shape, to: Shape): Shape {
  const bad = (): never => {
    throw fail('shape-mismatch', {
      what: 'Reshape',
      got: `${showShape(from)} to ${showShape(to)}`,
      want: 'the same number of elements, with at most one -1',
      fix: 'Check the target shape against the size of one sample.',
    });
  };
  const open = to.indexOf(-1);
  if (open !== to.lastIndexOf(-1)) bad();
  const have = productOf(from);
  const want = productOf(open < 0 ? to : to.toSpliced(open, 1));
  if (open >= 0) return to.with(open, divDims(have, want) ?? bad());
  return dimsDiffer(have, want) ? bad() : to; // two names of one size are checked at run time
}

/**
 * The same elements in another shape. One size may be -1: what is left. Symbolic sizes of `x` may be used by name.
 *
 * Shapes: `S -> shape`. Errors: `shape-mismatch` when the number of elements differs.
 * Source: ONNX Reshape-21, torch.reshape.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const images = graphInput('x', ['batch', 28, 28]);
 * console.log(ops.reshape(images, ['batch', 784]).shape); // ['batch', 784]
 */
export function reshape(x: Value, shape: Shape): Value {
  const resolved = resolve(x.shape, shape);
  if (sameShape(resolved, x.shape)) return x;
  // 0 keeps the size of the same axis, -1 is what is left: enough unless two run-time sizes move.
  const moved = resolved.map((d, i) => (typeof d === 'number' ? d : d === x.shape[i] ? 0 : -1));
  const simple = moved.filter((d) => d === -1).length <= 1 && !resolved.includes(0);
  if (simple) return reshapeOp({ data: x, shape: ints(moved) }).reshaped;
  // One size that is made of several of `x` (the rows of a stack) is what is left.
  const made = resolved.filter((d) => typeof d === 'string' && !x.shape.includes(d));
  const sizes = dimsOf(made.length === 1 ? resolved.with(resolved.indexOf(made[0]!), -1) : resolved, x);
  return reshapeOp({ data: x, shape: sizes }, { allowzero: 1 }).reshaped; // a size of 0 is meant
}

/**
 * `x` in the shape that `like` has, also where that is known only at run time.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reshapeLike(graphInput('x', ['batch', 6]), graphInput('like', ['batch', 2, 3])).shape); // ['batch', 2, 3]
 */
export const reshapeLike = (x: Value, like: Value): Value => {
  const unknown = like.shape.filter((d, i) => typeof d === 'string' && d !== x.shape[i]).length;
  return unknown <= 1 ? reshape(x, like.shape) : reshapeOp({ data: x, shape: shapeOf(like) }, { allowzero: 1 }).reshaped;
};

/** @internal */
export const reshapeCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reshape(x, [4, -1]), torch: 'a.reshape(4, -1)' },
  { ins: [[2, 3]], build: (x) => reshape(x, [1, 6, 1]), torch: 'a.reshape(1, 6, 1)' },
  {
    name: 'reshapeLike',
    ins: [
      [2, 6],
      [3, 4],
    ],
    build: (x, like) => reshapeLike(x, like),
    torch: 'a.reshape(b.shape) + 0 * b',
  },
  { ins: [[1, 1]], build: (x) => reshape(x, []), torch: 'a.reshape(())' },
];
