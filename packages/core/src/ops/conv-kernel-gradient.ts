import { fail } from '../errors.ts';
import { type Node, ownDomain, toposort, type Value } from '../graph/index.ts';
import { dimsDiffer, showShape, sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { type ConvAxis, isPointwise } from './conv-geometry.ts';
import { defineOp } from './define.ts';
import { asImages, planeWindows, windowInts } from './plane-windows.ts';
import { reshape } from './reshape.ts';
import { floating, sameDtype } from './rules.ts';
import { biasGradient, type Unfolding, unfoldedGradient } from './unfold.ts';

/** @internal */
export const convKernelGradientOp = defineOp({
  type: 'ConvKernelGradient',
  domain: ownDomain,
  since: 1,
  inputs: ['x', 'dy'],
  outputs: ['dw', 'db'],
  attrs: windowInts,
  suits: ({ ins }) => ins[0]!.dtype === 'float32',
  infer({ x, dy }, { tall, wide }) {
    sameDtype('ConvKernelGradient', x, dy);
    const [channels, out] = [x.shape[1], dy.shape[1]];
    if (x.shape.length !== 4 || dy.shape.length !== 4 || typeof channels !== 'number' || typeof out !== 'number')
      throw fail('shape-mismatch', {
        what: 'ConvKernelGradient',
        got: `x ${showShape(x.shape)} and dy ${showShape(dy.shape)}`,
        want: 'images [batch, channels, height, width] with known channels',
      });
    if (dimsDiffer(x.shape[0]!, dy.shape[0]!))
      throw fail('shape-mismatch', {
        what: 'ConvKernelGradient',
        got: `${x.shape[0]} images and gradients of ${dy.shape[0]}`,
        want: 'as many',
      });
    const { dtype } = floating('ConvKernelGradient', x);
    return { dw: { dtype, shape: [out, channels, tall!, wide!] }, db: { dtype, shape: [out] } };
  },
  flops: ({ dy }, { dw }) => 2 * sizeOf(dy.shape) * sizeOf(dw.shape.slice(1)),
  expand({ x, dy }, a, runs) {
    const axes = [
      axisOf(2, { kernel: a.tall!, stride: a.down!, dilation: a.apart_down!, before: a.top!, after: a.bottom! }),
      axisOf(3, { kernel: a.wide!, stride: a.across!, dilation: a.apart_across!, before: a.left!, after: a.right! }),
    ];
    const how = { group: 1, kernel: [dy.shape[1] as number, x.shape[1] as number, a.tall!, a.wide!], axes };
    const looped = unfoldedGradient(x, dy, how);
    // What goes image by image does not suit devices that have no loops.
    const lacksLoop = toposort([looped]).some((node) => hasGraph(node) && !runs(node));
    return { dw: lacksLoop ? unfoldedGradient(x, dy, how, { inLoop: false }) : looped, db: biasGradient(dy) };
  },
  grad: 'expanded',
});

const hasGraph = ({ op }: Node): boolean => Object.values(op.attrs).some(({ kind }) => kind === 'graph');

const axisOf = (axis: number, along: Omit<ConvAxis, 'axis' | 'span'>): ConvAxis => ({
  ...along,
  axis,
  span: (along.kernel - 1) * along.dilation + 1,
});

/**
 * The gradients of the kernels and of the bias of a convolution, from its images and the gradient of its result: for each element of the window
 * the product of what it saw with `dy`, summed over windows and images; and `dy` itself, which is read only once for both.
 *
 * Shapes: `x [batch, in, ...S], dy [batch, out, ...P] -> dw [out, in / group, ...window], db [out]`. Source: torch.nn.grad.conv2d_weight.
 *
 * @internal
 */
export function kernelGradients(x: Value, dy: Value, how: Unfolding): { readonly dw: Value; readonly db: Value } {
  const { axes, group, kernel } = how;
  const known = typeof x.shape[1] === 'number' && typeof dy.shape[1] === 'number';
  const windows = group > 1 || isPointwise(axes) || !known ? undefined : planeWindows(axes);
  if (!windows) return { dw: unfoldedGradient(x, dy, how), db: biasGradient(dy) };
  const { dw, db } = convKernelGradientOp({ x: asImages(x), dy: asImages(dy) }, windows);
  return { dw: reshape(dw, kernel), db };
}

const along = (kernel: number, stride: number, dilation: number, [before, after]: readonly [number, number]) => ({
  kernel,
  stride,
  dilation,
  before,
  after,
});

/** @internal */
export const convKernelGradientCases: OpCase[] = [
  {
    name: 'margin',
    ins: [
      [2, 3, 5, 4],
      [2, 5, 5, 4],
    ],
    build: (x, dy) => convKernelGradientOp({ x, dy }, planeWindows([along(3, 1, 1, [1, 1]), along(2, 1, 1, [0, 1])])).dw,
    torch: 'torch.nn.grad.conv2d_weight(F.pad(a, (0, 1, 1, 1)), (5, 3, 3, 2), b)',
  },
  {
    name: 'strides, dilations, many channels',
    ins: [
      [3, 4, 9, 8],
      [3, 9, 4, 3],
    ],
    build: (x, dy) => convKernelGradientOp({ x, dy }, planeWindows([along(3, 2, 1, [0, 0]), along(2, 3, 2, [1, 0])])).dw,
    torch: 'torch.nn.grad.conv2d_weight(F.pad(a, (1, 0, 0, 0)), (9, 4, 3, 2), b, stride=(2, 3), dilation=(1, 2))',
  },
];
