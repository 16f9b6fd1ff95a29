// Where the windows of a pooling op stand: its attributes, the size of its result, and the margins that `auto_pad` stands for.
import { fail } from '../errors.ts';
import type { Info } from '../graph/index.ts';
import { addDims, ceilDivDims, type Dim, type Shape, showShape } from '../tensor/index.ts';
import type { AttrsOf } from './define.ts';
import { floating } from './rules.ts';

/** Attributes of MaxPool and AveragePool. */
export const windowAttrs = {
  auto_pad: { kind: 'string', default: 'NOTSET' },
  ceil_mode: { kind: 'int', default: 0 },
  dilations: { kind: 'ints' },
  kernel_shape: { kind: 'ints' },
  pads: { kind: 'ints' },
  strides: { kind: 'ints' },
} as const;
export type WindowAttrs = AttrsOf<typeof windowAttrs>;

/** What the builders of pooling ops take. One number or pair for each spatial axis. */
export interface PoolOptions {
  /** Size of the window. */
  readonly kernelShape: readonly number[];
  /** How far apart windows stand; 1 unless told, as in ONNX. */
  readonly strides?: readonly number[] | undefined;
  /** Margin before and after each axis, smaller than the window; none unless told. */
  readonly pads?: readonly (readonly [before: number, after: number])[] | undefined;
  /** Distance of the elements of one window; 1 unless told. */
  readonly dilations?: readonly number[] | undefined;
  /** A last window that hangs over the end counts too. */
  readonly ceilMode?: boolean | undefined;
  /** 'SAME_UPPER': as many windows as fit `ceil(size / stride)`, the odd element of the margin at the end. */
  readonly autoPad?: 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER' | undefined;
}

/** Options as ONNX's attributes. */
export const windowAttrsOf = ({ kernelShape, strides, pads, dilations, ceilMode, autoPad }: PoolOptions) => ({
  kernel_shape: kernelShape,
  strides,
  dilations,
  pads: pads && [...pads.map(([before]) => before), ...pads.map(([, after]) => after)],
  ceil_mode: ceilMode ? 1 : 0,
  auto_pad: autoPad,
});

/** The windows along one spatial axis. */
export interface Windows {
  readonly axis: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** From the first element of a window to the last, both counted. */
  readonly span: number;
  /** Margins; undefined where `auto_pad` makes them of a size that is known only at run time. */
  readonly before?: number;
  readonly after?: number;
  /** How many there are. */
  readonly count: Dim;
}

/** The windows of each spatial axis. Errors: `shape-mismatch`, `bad-value`. */
export function windowsOf(what: string, x: Info, attrs: WindowAttrs): Windows[] {
  const { kernel_shape: kernel = [] } = attrs;
  const rank = kernel.length;
  if (rank === 0 || x.shape.length !== rank + 2)
    throw fail('shape-mismatch', {
      what,
      got: `shape ${showShape(x.shape)} and a window of ${showShape(kernel)}`,
      want: 'an input [batch, channels, ...] and one size of the window for each axis after the channels',
    });
  const list = (name: string, given: readonly number[] | undefined, fallback: number, least: number): readonly number[] => {
    const numbers = given ?? kernel.map(() => fallback);
    if (numbers.length !== rank || !numbers.every((n) => Number.isInteger(n) && n >= least))
      throw fail('bad-value', { what, got: `${name} ${showShape(numbers)}`, want: `${rank} whole numbers from ${least}` });
    return numbers;
  };
  list('kernel_shape', kernel, 1, 1);
  const strides = list('strides', attrs.strides, 1, 1);
  const dilations = list('dilations', attrs.dilations, 1, 1);
  const { pads: margins = Array<number>(2 * rank).fill(0) } = attrs;
  const fits = (pad: number, i: number): boolean => Number.isInteger(pad) && pad >= 0 && pad < kernel[i % rank]!;
  if (margins.length !== 2 * rank || !margins.every(fits))
    throw fail('bad-value', {
      what,
      got: `pads ${showShape(margins)} for a window of ${showShape(kernel)}`,
      want: `${2 * rank} whole numbers from 0, each smaller than the window`,
    });
  return kernel.map((size, i) => {
    const [stride, dilation] = [strides[i]!, dilations[i]!];
    const windows = { axis: i + 2, kernel: size, stride, dilation, span: (size - 1) * dilation + 1 };
    return placed(what, x.shape, windows, { attrs, before: margins[i]!, after: margins[i + rank]! });
  });
}

type Unplaced = Omit<Windows, 'before' | 'after' | 'count'>;

function placed(
  what: string,
  shape: Shape,
  windows: Unplaced,
  { attrs, before, after }: { readonly attrs: WindowAttrs; readonly before: number; readonly after: number },
): Windows {
  const { axis, stride, span } = windows;
  const size = shape[axis]!;
  if (attrs.auto_pad.startsWith('SAME')) {
    const count = ceilDivDims(size, stride);
    if (typeof size === 'string' && stride > 1) return { ...windows, count };
    // Not from 0: where windows lie apart, ONNX Runtime moves the first one in.
    const total = typeof size === 'string' ? span - 1 : ((count as number) - 1) * stride + span - size;
    const upper = attrs.auto_pad === 'SAME_UPPER';
    const before = Math.trunc((upper ? total : total + 1) / 2);
    return { ...windows, count, before, after: total - before };
  }
  const [head, tail] = attrs.auto_pad === 'VALID' ? [0, 0] : [before, after];
  if (typeof size === 'number' && size + head + tail < span)
    throw fail('shape-mismatch', {
      what,
      got: `a window of ${span} elements on axis ${axis} of shape ${showShape(shape)}${head + tail > 0 ? ` with a margin of ${head + tail}` : ''}`,
      want: 'a window no larger than the input',
      fix: "Make the window smaller, pool fewer times before, or use padding 'same'.",
    });
  // floor((size + margins - span) / stride) + 1, or the ceiling of it, but no window begins behind the end of the input.
  const whole = head + tail - span + 1;
  const hanging = head + Math.min(0, tail - span + stride);
  return { ...windows, count: ceilDivDims(addDims(size, attrs.ceil_mode ? hanging : whole), stride), before: head, after: tail };
}

/** The result of pooling. */
export const pooled = (what: string, x: Info, attrs: WindowAttrs): Info => ({
  dtype: floating(what, x).dtype,
  shape: [...x.shape.slice(0, 2), ...windowsOf(what, x, attrs).map(({ count }) => count)],
});

/** The result of pooling over everything: one element for each image and channel. */
export function pooledWhole(what: string, x: Info): Info {
  if (x.shape.length < 3)
    throw fail('shape-mismatch', {
      what,
      got: `shape ${showShape(x.shape)}`,
      want: '[batch, channels, ...] with one to three axes more',
    });
  return { dtype: floating(what, x).dtype, shape: x.shape.map((d, axis) => (axis < 2 ? d : 1)) };
}

/** True where no element is in two windows. */
export const apart = (windows: readonly Windows[]): boolean => windows.every(({ stride, span }) => stride >= span);
