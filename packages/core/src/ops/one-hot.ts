import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { type DType, full, tensor } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast, inInt32 } from './cast.ts';
import { concat } from './concat.ts';
import { defineOp } from './define.ts';
import { equal } from './equal.ts';
import { gather } from './gather.ts';
import { less } from './less.ts';
import { mul } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshape } from './reshape.ts';
import { axisIn, knownInts } from './rules.ts';
import { sub } from './sub.ts';
import { unsqueeze } from './unsqueeze.ts';

/** @internal */
export const oneHotOp = defineOp({
  type: 'OneHot',
  since: 11,
  inputs: ['indices', 'depth', 'values'],
  outputs: ['output'],
  attrs: { axis: { kind: 'int', default: -1 } },
  infer({ indices, depth, values }, { axis }) {
    if (indices.shape.length === 0)
      throw fail('shape-mismatch', {
        what: 'OneHot',
        got: 'a single index []',
        want: 'a list of them, such as [1]',
        fix: 'Use reshape(indices, [1]) first.',
      });
    const [size] = knownInts('OneHot', 'depth', depth);
    const outside = indices.data && Array.from(indices.data.data, Number).find((i) => !(i >= -size! && i < size!));
    if (outside !== undefined)
      throw fail('bad-value', {
        what: 'OneHot',
        got: `the index ${outside}`,
        want: `indices from 0 to ${size! - 1}, or negative ones from ${-size!}`,
      });
    const at = axisIn('OneHot', axis, [...indices.shape, size!]);
    return { output: { dtype: values.dtype, shape: indices.shape.toSpliced(at, 0, size!) } };
  },
  expand({ indices, depth, values }, { axis }) {
    const [size] = knownInts('OneHot', 'depth', depth);
    const at = axisIn('OneHot', axis, [...indices.shape, size!]);
    const given = unsqueeze(inInt32(indices), { axes: [at] });
    const fromStart = add(given, mul(cast(less(given, 0), 'int32'), size!));
    const every = constant(tensor(Int32Array.from({ length: size! }, (_, i) => i)));
    const places = reshape(
      every,
      Array.from({ length: indices.shape.length + 1 }, (_, i) => (i === at ? size! : 1)),
    );
    const hot = cast(equal(fromStart, places), values.dtype);
    const [off, on] = [0, 1].map((i) => gather(values, constant(full([], i, 'int64'))));
    const known = values.data && Array.from(values.data.data, Number);
    return { output: known?.[0] === 0 && known[1] === 1 ? hot : add(mul(hot, sub(on!, off!)), off!) };
  },
  grad({ indices, depth, values, doutput }, { axis }) {
    // y = off + (on - off) hot
    const hot = oneHotOp({ indices, depth, values: constant(tensor([0, 1], { dtype: values.dtype })) }, { axis }).output;
    const on = reduceSum(mul(doutput, hot));
    const off = sub(reduceSum(doutput), on);
    return { indices: null, depth: null, values: concat([reshape(off, [1]), reshape(on, [1])]) };
  },
});

/**
 * Marks positions: 1 at each index along a new axis of size `depth`, 0 elsewhere. Indices that are constants are checked. Of
 * indices that come at run time negative ones count from the end, and those outside mark nothing: check labels before they
 * are fed.
 *
 * Shapes: `I -> I` with an axis of `depth` put in at `axis`. Errors: `bad-value` for a constant index outside, `shape-mismatch` for
 * indices without axes. Source: ONNX OneHot-11, torch.nn.functional.one_hot.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.oneHot(graphInput('labels', ['batch'], 'int64'), 10).shape); // ['batch', 10]
 */
export function oneHot(
  indices: Value,
  depth: number,
  { axis = -1, dtype = 'float32' }: { readonly axis?: number; readonly dtype?: DType } = {},
): Value {
  const direct = dtype === 'float32' || dtype === 'int64' ? dtype : 'float32'; // what ONNX Runtime has kernels for
  const values = constant(tensor([0, 1], { dtype: direct }));
  return cast(
    oneHotOp({ indices: cast(indices, 'int64'), depth: constant(full([], depth, 'int64')), values }, { axis }).output,
    dtype,
  );
}

/** @internal */
export const oneHotCases: OpCase[] = [
  { ins: [{ dtype: 'int64', values: [2, 0, 3] }], build: (i) => oneHot(i, 4), torch: 'F.one_hot(a, 4).float()', gradient: false },
  {
    ins: [
      {
        dtype: 'int32',
        values: [
          [1, 0],
          [2, 2],
        ],
      },
    ],
    build: (i) => oneHot(i, 3, { axis: 0, dtype: 'float64' }),
    torch: 'F.one_hot(a.long(), 3).permute(2, 0, 1).double()',
    gradient: false,
  },
  {
    ins: [{ dtype: 'uint8', values: [1, 0] }],
    build: (i) => oneHot(i, 2, { dtype: 'bool' }),
    torch: 'F.one_hot(a.long(), 2).bool()',
    gradient: false,
  },
  {
    ins: [{ dtype: 'int64', values: [-1, 1] }],
    build: (i) => oneHot(i, 3, { dtype: 'int64' }),
    torch: 'F.one_hot(a % 3, 3)',
    gradient: false,
  },
  {
    name: 'outside',
    ins: [{ dtype: 'int64', values: [4, 1] }],
    build: (i) => oneHot(i, 3),
    torch: 'torch.tensor([[0.0, 0, 0], [0, 1, 0]])',
    gradient: false,
  },
  {
    name: 'values',
    ins: [
      {
        dtype: 'int64',
        values: [
          [2, 0],
          [1, 1],
        ],
      },
      [2],
    ],
    build: (indices, values) => oneHotOp({ indices, depth: constant(full([], 3, 'int64')), values }).output,
    torch: 'torch.where(F.one_hot(a, 3) == 1, b[1], b[0])',
    float32: 'OneHot has no float64 kernel',
  },
];
