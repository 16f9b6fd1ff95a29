import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { addDims, type Dim, isStatic, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineVariadicOp } from './define.ts';
import { knownSizes } from './kinds.ts';
import { reshapeLike } from './reshape.ts';
import { axisIn, sameDtype } from './rules.ts';
import { slice } from './slice.ts';
import { split } from './split.ts';
import { throughUint64 } from './through-uint64.ts';

/** @internal */
export const concatOp = defineVariadicOp({
  type: 'Concat',
  since: 13,
  attrs: { axis: { kind: 'int' } },
  infer(ins, { axis = 0 }) {
    const first = ins[0]!;
    const at = axisIn('Concat', axis, first.shape);
    for (const x of ins) {
      sameDtype('Concat', first, x);
      const fits = x.shape.length === first.shape.length && x.shape.every((d, i) => i === at || d === first.shape[i]);
      if (!fits)
        throw fail('shape-mismatch', {
          what: 'Concat',
          got: ins.map((v) => showShape(v.shape)).join(' and '),
          want: `equal sizes on every axis but ${at}`,
          fix: 'Reshape or pad the odd one.',
        });
    }
    const shape = first.shape.with(at, ins.map((x) => x.shape[at]!).reduce(addDims));
    const dims = shape.length === 1 ? ins.map((x) => knownSizes(x).dims) : [undefined];
    return [{ dtype: first.dtype, shape, ...(dims.every((d) => d) && { dims: dims.flatMap((d) => d!) }) }];
  },
  expand(ins, { axis = 0 }) {
    const joined = throughUint64(ins, (wide) => concat(wide, { axis }));
    return joined && [joined];
  },
  grad({ ins, douts: [dy] }, { axis = 0 }) {
    const at = axisIn('Concat', axis, ins[0]!.shape);
    const sizes = ins.map((x) => x.shape[at]!);
    return isStatic(sizes) ? split(dy!, sizes, { axis: at }) : cutOut(dy!, ins, at);
  },
});

/** The parts of `y` that belong to the inputs, one of which may have a size known only at run time: those after it count from the end. */
function cutOut(y: Value, ins: readonly Value[], axis: number): (Value | null)[] {
  const sizes = ins.map((x) => x.shape[axis]!);
  const open = sizes.findIndex((d) => typeof d === 'string');
  if (sizes.findLastIndex((d) => typeof d === 'string') !== open)
    throw fail('bad-value', {
      what: 'Concat',
      got: `sizes ${showShape(sizes)} on the joined axis`,
      want: 'at most one that is known only at run time, for a gradient',
    });
  const total = (list: readonly Dim[]): number => list.reduce<number>((n, d) => n + (d as number), 0);
  return ins.map((x, i) => {
    if (sizes[i] === 0) return null; // nothing to cut: from the end, 0 would be the beginning
    const start = i <= open ? total(sizes.slice(0, i)) : -total(sizes.slice(i));
    const end = i < open ? total(sizes.slice(0, i + 1)) : -total(sizes.slice(i + 1)) || Infinity;
    return reshapeLike(slice(y, { starts: [start], ends: [end], axes: [axis] }), x);
  });
}

/**
 * Joins values along one axis.
 *
 * Shapes: equal but for `axis`, where sizes add up. Errors: `shape-mismatch`, `dtype-mismatch`.
 * Source: ONNX Concat-13, torch.cat.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.concat([x, x], { axis: -1 }).shape); // ['batch', 6]
 */
export const concat = (xs: readonly Value[], { axis = 0 }: { readonly axis?: number } = {}): Value => {
  if (xs.length === 0) throw fail('bad-value', { what: 'Concat', got: 'no inputs', want: 'at least one' });
  return xs.length === 1 ? xs[0]! : concatOp(xs, { axis })[0]!;
};

/** @internal */
export const concatCases: OpCase[] = [
  {
    ins: [
      [2, 3],
      [2, 1],
      [2, 2],
    ],
    build: (...xs) => concat(xs, { axis: 1 }),
    torch: 'torch.cat([a, b, c], 1)',
  },
  {
    ins: [
      [2, 3],
      [1, 3],
    ],
    build: (...xs) => concat(xs, { axis: -2 }),
    torch: 'torch.cat([a, b], 0)',
  },
];
