import { ownDomain, type Value } from '../graph/index.ts';
import { addDims, ceilDivDims, isStatic, type Shape, sizeOf } from '../tensor/index.ts';
import { argMax } from './arg-max.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { defineOp } from './define.ts';
import { depthToSpace } from './depth-to-space.ts';
import { equal } from './equal.ts';
import { greater } from './greater.ts';
import { mul } from './mul.ts';
import { pad } from './pad.ts';
import { planeConvolutionOp } from './plane-convolution.ts';
import { planeWindows, type WindowInts, windowInts } from './plane-windows.ts';
import { reduceMax } from './reduce-max.ts';
import { relu } from './relu.ts';
import { reshape } from './reshape.ts';
import { floating } from './rules.ts';
import { slice } from './slice.ts';
import { spaceToDepth } from './space-to-depth.ts';
import { where } from './where.ts';

/** What stands for none of the four. */
const none = 4;

/**
 * A convolution as `planeConvolution` does it, and of each two by two of its results the largest; `rectified`: 0 where that is below. `which`
 * is the one of the four that it was, row by row from 0 on, or 4 where none is above 0.
 *
 * Shapes: `x [batch, in, height, width], w [out, in, tall, wide], b [out] -> y, which [batch, out, floor(rows / 2), floor(columns / 2)]`.
 * @internal
 */
export const pooledConvolutionOp = defineOp({
  type: 'PooledConvolution',
  domain: ownDomain,
  since: 1,
  inputs: ['x', 'w'],
  optional: ['b'],
  outputs: ['y', 'which'],
  attrs: { ...windowInts, rectified: { kind: 'int', default: 0 } },
  suits: planeConvolutionOp.op.suits!,
  flops: ({ w }, { y }) => 8 * sizeOf(y.shape) * sizeOf(w.shape.slice(1)),
  infer({ x, w, b }, { rectified: _, ...ints }) {
    const [whole] = planeConvolutionOp.op.infer([x, w, b], { ...ints, turned: 0 });
    const [batch, out, ...size] = whole!.shape;
    const shape = [batch!, out!, ...size.map((n) => ceilDivDims(addDims(n, -1), 2))]; // what is left over is no window
    return { y: { dtype: whole!.dtype, shape }, which: { dtype: 'uint8', shape } };
  },
  expand({ x, w, b }, { rectified, ...ints }) {
    const { y: whole } = planeConvolutionOp({ x, w, b }, ints);
    const [batch, out] = whole.shape;
    const size: Shape = whole.shape.slice(2);
    if (!isStatic(size)) return undefined;
    const ends = size.map((n) => n - (n % 2));
    const pairs = spaceToDepth(slice(whole, { starts: [0, 0], ends, axes: [2, 3] }), 2);
    const four = reshape(pairs, [batch!, 4, out!, ...pairs.shape.slice(2)]);
    const [largest, one] = [reduceMax(four, { axes: [1] }), argMax(four, { axis: 1 })];
    if (!rectified) return { y: largest, which: cast(one, 'uint8') };
    return { y: relu(largest), which: cast(where(greater(largest, 0), one, none), 'uint8') };
  },
  grad: 'expanded',
});

/**
 * What comes back to results that were pooled two by two, given `which` of the four each one was.
 *
 * Shapes: `dy, which [batch, channels, rows, columns] -> [batch, channels, height, width]`.
 * @internal
 */
export const pooledGradientOp = defineOp({
  type: 'PooledGradient',
  domain: ownDomain,
  since: 1,
  inputs: ['dy', 'which'],
  outputs: ['dx'],
  attrs: { height: { kind: 'int' }, width: { kind: 'int' } },
  suits: ({ ins }) => ins[0]!.dtype === 'float32',
  infer: ({ dy }, { height, width }) => ({
    dx: { dtype: floating('PooledGradient', dy).dtype, shape: [...dy.shape.slice(0, 2), height!, width!] },
  }),
  expand({ dy, which }, { height, width }) {
    const four = [0, 1, 2, 3].map((one) => mul(dy, cast(equal(cast(which, 'int32'), one), dy.dtype)));
    const even = depthToSpace(concat(four, { axis: 1 }), 2);
    return {
      dx: pad(even, [
        [0, 0],
        [0, 0],
        [0, height! % 2],
        [0, width! % 2],
      ]),
    };
  },
  grad: 'expanded',
});

/** Windows of a convolution whose results are pooled, and whether what is below 0 becomes 0. */
export type PooledWindows = WindowInts & { readonly rectified?: number };

/**
 * A convolution and the pool after it, as one.
 *
 * @internal
 */
export const pooledConvolution = (
  x: Value,
  w: Value,
  b: Value | undefined,
  windows: PooledWindows,
): { readonly y: Value; readonly which: Value } => pooledConvolutionOp({ x, w, b }, windows);

const along = (kernel: number, stride: number, [before, after]: readonly [number, number]) => ({
  kernel,
  stride,
  dilation: 1,
  before,
  after,
});

const float32 = 'no float64 kernel';

/** @internal */
export const pooledConvolutionCases: OpCase[] = [
  {
    name: 'bias, rectified',
    ins: [[2, 3, 6, 6], [5, 3, 3, 3], [5]],
    float32,
    build: (x, w, b) =>
      pooledConvolution(x, w, b, { ...planeWindows([along(3, 1, [0, 0]), along(3, 1, [0, 0])])!, rectified: 1 }).y,
    torch: 'F.relu(F.max_pool2d(F.conv2d(a, b, c), 2))',
  },
  {
    name: 'a row and a column left over',
    ins: [
      [2, 2, 5, 6],
      [3, 2, 3, 2],
    ],
    float32,
    build: (x, w) => pooledConvolution(x, w, undefined, planeWindows([along(3, 1, [1, 1]), along(2, 1, [1, 1])])!).y,
    torch: 'F.max_pool2d(F.conv2d(F.pad(a, (1, 1, 1, 1)), b), 2)',
  },
  {
    name: 'back',
    ins: [[1, 2, 1, 3], { dtype: 'uint8', values: [[[[0, 3, 4]], [[2, 1, 1]]]] }],
    build: (dy, which) => pooledGradientOp({ dy, which }, { height: 3, width: 7 }).dx,
    torch:
      'F.pad(F.pixel_shuffle(torch.stack((a * (b == 0), a * (b == 1), a * (b == 2), a * (b == 3)), 2).flatten(1, 2), 2), (0, 1, 0, 1))',
  },
];
