// Where the windows of a convolution stand: what Conv, ConvTranspose and their gradients share.
import { fail } from '../errors.ts';
import type { Info, LeastSize, Value } from '../graph/index.ts';
import { addDims, ceilDivDims, type Dim, isStatic, mulDims, type Shape, showShape, subDims } from '../tensor/index.ts';
import type { AttrsOf } from './define.ts';
import { sameDtype } from './rules.ts';

/** Attributes of Conv, and those of ConvTranspose but two. */
export const convAttrs = {
  auto_pad: { kind: 'string', default: 'NOTSET' },
  dilations: { kind: 'ints' },
  group: { kind: 'int', default: 1 },
  kernel_shape: { kind: 'ints' },
  pads: { kind: 'ints' },
  strides: { kind: 'ints' },
} as const;
export type ConvAttrs = AttrsOf<typeof convAttrs>;

/** What `conv` and `convTranspose` take. One number or pair for each spatial axis. */
export interface ConvOptions {
  /** Added to each output channel: [out]. */
  readonly bias?: Value | undefined;
  /** How far apart windows stand; 1 unless told. */
  readonly strides?: readonly number[] | undefined;
  /** Margin of zeros before and after each axis; none unless told. */
  readonly pads?: readonly (readonly [before: number, after: number])[] | undefined;
  /** Distance of the elements of one window; 1 unless told. */
  readonly dilations?: readonly number[] | undefined;
  /** Channels are divided into so many groups, each with kernels of its own; 1 unless told. */
  readonly group?: number | undefined;
  /** 'SAME_UPPER': margins such that there are `ceil(size / stride)` windows, the odd element at the end. */
  readonly autoPad?: 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER' | undefined;
}

/** Options as ONNX's attributes, for kernels `w` of shape [.., .., ...window]. */
export const convAttrsOf = (w: Value, { strides, pads, dilations, group, autoPad }: ConvOptions) => ({
  kernel_shape: isStatic(w.shape) ? w.shape.slice(2) : undefined,
  strides,
  dilations,
  pads: pads && [...pads.map(([before]) => before), ...pads.map(([, after]) => after)],
  group,
  auto_pad: autoPad,
});

/** The windows along one axis. */
export interface ConvAxis {
  readonly axis: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** From the first element of a window to the last, both counted. */
  readonly span: number;
  readonly before: number;
  readonly after: number;
}
type Unplaced = Omit<ConvAxis, 'before' | 'after'>;
type Margin = Pick<ConvAxis, 'before' | 'after'>;

interface Operands {
  readonly X: Info;
  readonly W: Info;
  readonly B?: Info | undefined;
}

/** Attributes that fit the operands, axis by axis. Errors: `shape-mismatch`, `bad-value`, `dtype-mismatch`. */
export function convRule(what: string, { X, W, B }: Operands, attrs: ConvAttrs): { axes: Unplaced[]; margins: Margin[] } {
  sameDtype(what, X, W);
  if (B) sameDtype(what, X, B);
  const rank = W.shape.length - 2;
  const window = W.shape.slice(2);
  if (rank < 1 || X.shape.length !== rank + 2 || !isStatic(W.shape) || W.shape.includes(0))
    throw fail('shape-mismatch', {
      what,
      got: `input ${showShape(X.shape)} and kernels ${showShape(W.shape)}`,
      want: 'an input [batch, channels, ...] and kernels [.., .., ...window] of known sizes, with as many axes',
    });
  const list = (name: string, given: readonly number[] | undefined, least: number, count = rank): readonly number[] => {
    const numbers = given ?? Array<number>(count).fill(least);
    if (numbers.length !== count || !numbers.every((n) => Number.isSafeInteger(n) && n >= least))
      throw fail('bad-value', { what, got: `${name} ${showShape(numbers)}`, want: `${count} whole numbers from ${least}` });
    return numbers;
  };
  if (attrs.kernel_shape && String(attrs.kernel_shape) !== String(window))
    throw fail('bad-value', {
      what,
      got: `kernel_shape ${showShape(attrs.kernel_shape)} for kernels ${showShape(W.shape)}`,
      want: `kernel_shape ${showShape(window)}`,
    });
  const [strides, dilations] = [list('strides', attrs.strides, 1), list('dilations', attrs.dilations, 1)];
  const pads = list('pads', attrs.auto_pad === 'NOTSET' ? attrs.pads : undefined, 0, 2 * rank);
  const axes = (window as readonly number[]).map((kernel, i) => {
    const [stride, dilation] = [strides[i]!, dilations[i]!];
    return { axis: i + 2, kernel, stride, dilation, span: (kernel - 1) * dilation + 1 };
  });
  return { axes, margins: axes.map((_, i) => ({ before: pads[i]!, after: pads[i + rank]! })) };
}

/** A margin of `total`, halved; `more` says where the odd element goes. */
export const halved = (total: number, more: 'before' | 'after'): Margin => {
  const less = Math.floor(total / 2);
  return more === 'after' ? { before: less, after: total - less } : { before: total - less, after: less };
};

/** The windows of Conv and how many there are on each axis. Margins that only run time knows are an error where they are asked for. */
export function convWindows(
  what: string,
  { X, W, B }: Operands,
  attrs: ConvAttrs,
): { axes(): ConvAxis[]; readonly placed: readonly (ConvAxis | undefined)[]; readonly counts: Dim[] } {
  const { axes, margins } = convRule(what, { X, W, B }, attrs);
  const same = attrs.auto_pad.startsWith('SAME');
  const placed = axes.map((windows, i): ConvAxis | undefined => {
    const size = X.shape[windows.axis]!;
    const margin = same ? sameMargin(size, windows, attrs.auto_pad) : margins[i]!;
    if (margin && !same) mustFit(what, X.shape, { ...windows, ...margin });
    return margin && { ...windows, ...margin };
  });
  const counts = placed.map((windows, i) => {
    const { axis, stride } = axes[i]!;
    const size = X.shape[axis]!;
    return windows && !same
      ? ceilDivDims(addDims(size, windows.before + windows.after - windows.span + 1), stride)
      : ceilDivDims(size, stride);
  });
  const known = (): ConvAxis[] => {
    if (placed.includes(undefined))
      throw fail('bad-value', {
        what,
        got: `auto_pad ${attrs.auto_pad} with a stride, on an axis of shape ${showShape(X.shape)} known only at run time`,
        want: 'a known size, or margins as numbers',
        fix: "Give the input a fixed size, or pad it with numbers instead of 'same'.",
      });
    return placed as ConvAxis[];
  };
  return { axes: known, placed, counts };
}

/** The margin of auto_pad SAME; undefined where it depends on a size that is known only at run time. */
function sameMargin(size: Dim, { stride, span }: Unplaced, autoPad: string): Margin | undefined {
  const more = autoPad === 'SAME_LOWER' ? 'before' : 'after';
  if (typeof size === 'string') return stride === 1 ? halved(span - 1, more) : undefined;
  return halved(Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size), more);
}

function mustFit(what: string, shape: Shape, { axis, span, kernel, dilation, before, after }: ConvAxis): void {
  const size = shape[axis]!;
  if (typeof size === 'string' || size + before + after >= span) return;
  throw fail('shape-mismatch', {
    what,
    got: `a kernel of ${kernel}${dilation > 1 ? ` (dilated: ${span})` : ''} on axis ${axis} of the input ${showShape(shape)}${before + after > 0 ? `, with a margin of ${before + after}` : ''}`,
    want: 'a kernel no larger than the input with its margin',
    fix: "Make the kernel smaller or the input larger, or use padding 'same'.",
  });
}

/** Where windows with numbers as margins stand on axes whose size only run time knows: how long these must be. */
export const leastSizes = (
  x: Info,
  windows: readonly ((Partial<Pick<ConvAxis, 'before' | 'after'>> & Pick<ConvAxis, 'axis' | 'span'>) | undefined)[],
): LeastSize[] =>
  windows.flatMap((axis) => {
    const size = axis && x.shape[axis.axis];
    if (typeof size !== 'string' || axis?.before === undefined || axis.after === undefined) return [];
    const least = axis.span - axis.before - axis.after;
    return least > 1 ? [{ size, least }] : [];
  });

/** Size of the image that ConvTranspose makes of `count` windows. */
export function transposedSize(
  count: Dim,
  { stride, span, before, after }: Omit<ConvAxis, 'axis' | 'kernel' | 'dilation'>,
  more: number,
): Dim {
  return addDims(mulDims(subDims(count, 1), stride), span + more - before - after);
}

/** True where each window is one element and every element has one: then nothing has to be unfolded. */
export const isPointwise = (axes: readonly ConvAxis[]): boolean =>
  axes.every(({ kernel, stride, before, after }) => kernel === 1 && stride === 1 && before === 0 && after === 0);
