// Windows of two axes as kernels of our own read them: one number each, first down, then across. A sequence is an image of one row.
import type { Value } from '../graph/index.ts';
import { unsqueeze } from './unsqueeze.ts';

const int = { kind: 'int' } as const;

/** Attributes of an op that looks through windows. */
export const windowInts = {
  tall: int,
  wide: int,
  down: int,
  across: int,
  apart_down: int,
  apart_across: int,
  top: int,
  left: int,
  bottom: int,
  right: int,
} as const;

/** {@link windowInts} with their numbers. */
export type WindowInts = Readonly<Record<keyof typeof windowInts, number | undefined>>;

/** What is known about the windows along one axis. */
interface Along {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before?: number;
  readonly after?: number;
}

const point = { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

/** The windows of one or two axes. Undefined where there are more, or a margin is known only at run time, or cuts off what no window sees. */
export function planeWindows(axes: readonly Along[]): WindowInts | undefined {
  if (axes.length > 2 || axes.some(({ before = -1, after = -1 }) => before < 0 || after < 0)) return undefined;
  const [down, across] = axes.length === 2 ? (axes as readonly [Along, Along]) : [point, axes[0]!];
  return {
    tall: down.kernel,
    wide: across.kernel,
    down: down.stride,
    across: across.stride,
    apart_down: down.dilation,
    apart_across: across.dilation,
    top: down.before,
    left: across.before,
    bottom: down.after,
    right: across.after,
  };
}

/** The same as ONNX's lists. */
export const attrsOfPlane = (a: WindowInts) => ({
  auto_pad: 'NOTSET',
  kernel_shape: [a.tall!, a.wide!],
  strides: [a.down!, a.across!],
  dilations: [a.apart_down!, a.apart_across!],
  pads: [a.top!, a.left!, a.bottom!, a.right!],
});

/** Sequences `[batch, channels, length]` as images of one row; images stay. */
export const asImages = (x: Value): Value => (x.shape.length === 3 ? unsqueeze(x, { axes: [2] }) : x);
