import { type Attrs, ownDomain, type Value } from '../graph/index.ts';
import { sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { convOp } from './conv.ts';
import { type ConvAttrs, convWindows, isPointwise } from './conv-geometry.ts';
import { defineOp } from './define.ts';
import { attrsOfPlane, planeWindows, type WindowInts, windowInts } from './plane-windows.ts';
import { flippedAxes, slice } from './slice.ts';
import { transpose, transposeOp } from './transpose.ts';

/** The kernel keeps the places of a window's elements in a list of this length. */
const mostTaps = 128;

/** @internal */
export const planeConvolutionOp = defineOp({
  type: 'PlaneConvolution',
  domain: ownDomain,
  since: 1,
  inputs: ['x', 'w'],
  optional: ['b'],
  outputs: ['y'],
  attrs: { ...windowInts, turned: { kind: 'int', default: 0 } },
  suits: ({ ins, attrs }) =>
    ins.every((v) => !v || v.dtype === 'float32') && (attrs['tall'] as number) * (attrs['wide'] as number) <= mostTaps,
  flops: ({ w }, { y }) => 2 * sizeOf(y.shape) * sizeOf(w.shape.slice(1)),
  infer({ x, w, b }, ints) {
    const [first, second, ...window] = w.shape;
    const kernels = ints.turned ? { ...w, shape: [second!, first!, ...window] } : w;
    return { y: convOp.op.infer([x, kernels, b], { ...attrsOfPlane(ints), group: 1 })[0]! };
  },
  expand: ({ x, w, b }, ints) => ({ y: convOp({ X: x, W: ints.turned ? turned(w) : w, B: b }, attrsOfPlane(ints)).Y }),
  grad: 'expanded',
});

/**
 * Kernels the other way round in every sense: windows from their end to their beginning, channels in and out exchanged.
 *
 * @internal
 */
export const turned = (w: Value): Value =>
  transpose(slice(w, { starts: [-1, -1], ends: [-Infinity, -Infinity], axes: [2, 3], steps: [-1, -1] }), [1, 0, 2, 3]);

/** What kernels were {@link turned} from, as gradients turn them; undefined where they were not. */
function turnedFrom(w: Value): Value | undefined {
  const flipped = w.node?.op === transposeOp.op && `${w.node.attrs['perm']}` === '1,0,2,3' ? w.node.ins[0]! : undefined;
  const flip = flipped && flippedAxes(flipped);
  if (!flip || flipped!.shape.some((size, axis) => axis >= 2 && size !== 1 && !flip.axes.includes(axis))) return undefined;
  return flip.axes.every((axis) => axis >= 2) ? flip.of : undefined;
}

/**
 * A convolution of two axes without groups, on images as they lie. `turned`: kernels are `[in, out, tall, wide]`, and windows begin at their end, as the gradient of
 * a convolution's image has them.
 *
 * Shapes: `x [batch, in, height, width], w [out, in, tall, wide], b [out] -> [batch, out, rows, columns]`. Source: ONNX Conv-11.
 * @internal
 */
export const planeConvolution = (
  x: Value,
  w: Value,
  b: Value | undefined,
  windows: WindowInts & { readonly turned?: number },
): Value => planeConvolutionOp({ x, w, b }, windows).y;

/**
 * The same as a convolution of ONNX, given its attributes; undefined where windows are known only at run time, channels are in groups, or a product
 * of matrices does the same.
 *
 * @internal
 */
export function asPlaneConvolution(x: Value, w: Value, b: Value | undefined, attrs: Attrs): Value | undefined {
  if (x.shape.length !== 4 || attrs['group'] !== 1) return undefined;
  const { placed } = convWindows('Conv', { X: x, W: w, B: b }, attrs as unknown as ConvAttrs);
  if (!placed.every((axis) => axis !== undefined) || isPointwise(placed)) return undefined;
  const windows = planeWindows(placed);
  if (!windows) return undefined;
  const from = turnedFrom(w);
  return from ? planeConvolution(x, from, b, { ...windows, turned: 1 }) : planeConvolution(x, w, b, windows);
}

const along = (kernel: number, stride: number, dilation: number, [before, after]: readonly [number, number]) => ({
  kernel,
  stride,
  dilation,
  before,
  after,
});

const float32 = 'no float64 kernel';

/** @internal */
export const planeConvolutionCases: OpCase[] = [
  {
    name: 'margin, bias',
    ins: [[2, 3, 5, 4], [5, 3, 3, 2], [5]],
    float32,
    build: (x, w, b) => planeConvolution(x, w, b, planeWindows([along(3, 1, 1, [1, 1]), along(2, 1, 1, [0, 1])])!),
    torch: 'F.conv2d(F.pad(a, (0, 1, 1, 1)), b, c)',
  },
  {
    name: 'turned kernels',
    ins: [
      [2, 9, 5, 4],
      [9, 11, 3, 2],
    ],
    float32,
    build: (x, w) =>
      planeConvolution(x, w, undefined, { ...planeWindows([along(3, 1, 1, [2, 2]), along(2, 1, 1, [1, 1])])!, turned: 1 }),
    torch: 'F.conv_transpose2d(a, b)',
  },
  {
    name: 'strides, dilations, many channels',
    ins: [
      [3, 4, 9, 8],
      [17, 4, 3, 2],
    ],
    float32,
    build: (x, w) => planeConvolution(x, w, undefined, planeWindows([along(3, 2, 1, [0, 0]), along(2, 3, 2, [1, 0])])!),
    torch: 'F.conv2d(F.pad(a, (1, 0, 0, 0)), b, stride=(2, 3), dilation=(1, 2))',
  },
];
