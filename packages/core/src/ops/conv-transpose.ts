import { fail } from '../errors.ts';
import type { Info, Value } from '../graph/index.ts';
import { dimsDiffer, showShape, sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { conv } from './conv.ts';
import { type ConvAxis, type ConvOptions, convAttrs, convAttrsOf, convRule, halved, transposedSize } from './conv-geometry.ts';
import { kernelGradients } from './conv-kernel-gradient.ts';
import { type AttrsOf, defineOp } from './define.ts';
import { floating } from './rules.ts';
import { biasGradient } from './unfold.ts';

const attrs = { ...convAttrs, output_padding: { kind: 'ints' }, output_shape: { kind: 'ints' } } as const;

/** @internal */
export const convTransposeOp = defineOp({
  type: 'ConvTranspose',
  since: 11,
  inputs: ['X', 'W'],
  optional: ['B'],
  outputs: ['Y'],
  attrs,
  infer({ X, W, B }, given) {
    const axes = transposedAxes({ X, W, B }, given);
    const [width, each] = W.shape as readonly number[];
    const { group } = given;
    if (!Number.isSafeInteger(group) || group < 1 || width! % group !== 0)
      throw fail('bad-value', {
        what: 'ConvTranspose',
        got: `${group} groups for ${width} input channels`,
        want: 'a number of groups that divides the channels',
      });
    if (dimsDiffer(X.shape[1]!, width!))
      throw fail('shape-mismatch', {
        what: 'ConvTranspose',
        got: `input ${showShape(X.shape)} and kernels ${showShape(W.shape)}`,
        want: `${width} input channels, on axis 1`,
        fix: 'Check the number of channels and whether they come first or last.',
      });
    const out = each! * group;
    if (B && (B.shape.length !== 1 || dimsDiffer(B.shape[0]!, out)))
      throw fail('shape-mismatch', { what: 'ConvTranspose', got: `a bias of shape ${showShape(B.shape)}`, want: `[${out}]` });
    const sizes = axes.map((windows) => transposedSize(X.shape[windows.axis]!, windows, windows.more));
    if (sizes.some((size) => typeof size === 'number' && size < 1))
      throw fail('shape-mismatch', {
        what: 'ConvTranspose',
        got: `margins that leave ${showShape(sizes)} of the input ${showShape(X.shape)}`,
        want: 'sizes of at least 1',
      });
    return { Y: { dtype: floating('ConvTranspose', X).dtype, shape: [X.shape[0]!, out, ...sizes] } };
  },
  flops: ({ X, W }) => 2 * sizeOf(X.shape) * sizeOf(W.shape.slice(1)),
  // It is the adjoint of a convolution from its output to its input: so its own gradients are that convolution, and the gradient of
  // that convolution's kernels.
  grad({ X, W, B, dY }, given) {
    const axes = transposedAxes({ X, W, B }, given);
    const { group } = given;
    return {
      X: conv(dY, W, {
        strides: axes.map(({ stride }) => stride),
        dilations: axes.map(({ dilation }) => dilation),
        pads: axes.map(({ before, after }) => [before, after] as const),
        group,
      }),
      W: kernelGradients(dY, X, { axes, group, kernel: W.shape as readonly number[] }).dw,
      B: biasGradient(dY),
    };
  },
});

interface Operands {
  readonly X: Info;
  readonly W: Info;
  readonly B?: Info | undefined;
}
/** With elements at the end that no window reaches. */
type TransposedAxis = ConvAxis & { readonly more: number };

function transposedAxes({ X, W, B }: Operands, given: AttrsOf<typeof attrs>): TransposedAxis[] {
  const what = 'ConvTranspose';
  const { axes, margins } = convRule(what, { X, W, B }, given);
  const { output_padding: more = axes.map(() => 0), output_shape: wanted, auto_pad: autoPad } = given;
  if (more.length !== axes.length || !more.every((n, i) => Number.isSafeInteger(n) && n >= 0 && n < axes[i]!.stride))
    throw fail('bad-value', {
      what,
      got: `output_padding ${showShape(more)} for strides ${showShape(axes.map(({ stride }) => stride))}`,
      want: 'one whole number from 0 for each axis, smaller than the stride',
    });
  if (wanted && wanted.length !== axes.length)
    throw fail('bad-value', { what, got: `output_shape ${showShape(wanted)}`, want: `${axes.length} sizes` });
  return axes.map((windows, i) => {
    const count = X.shape[windows.axis]!;
    const rest = { ...windows, more: more[i]! };
    if (!wanted && !autoPad.startsWith('SAME')) return { ...rest, ...margins[i]! };
    // With the margins open, what is larger than the wanted size is the margin.
    if (wanted && typeof count === 'string')
      throw fail('bad-value', { what, got: 'output_shape for a size known only at run time', want: 'pads instead' });
    const total = wanted
      ? (transposedSize(count, { ...windows, before: 0, after: 0 }, more[i]!) as number) - wanted[i]!
      : windows.span - windows.stride + more[i]!;
    // Larger than all windows reach: the rest is added at the end.
    if (total < 0) return { ...rest, before: 0, after: 0, more: more[i]! - total };
    return { ...rest, ...halved(total, autoPad === 'SAME_UPPER' ? 'after' : 'before') };
  });
}

/** What {@link convTranspose} takes besides what `conv` takes. */
export interface ConvTransposeOptions extends Omit<ConvOptions, 'autoPad'> {
  /** Elements at the end of each axis that no window reaches; fewer than the stride, 0 unless told. */
  readonly outputPadding?: readonly number[] | undefined;
}

/**
 * Transposed convolution: each input element adds its multiple of a kernel to a window of the output. The adjoint of `conv` with
 * the same kernels, whence its use to make small images large. `pads` are cut off the output.
 *
 * Shapes: `x [batch, in, ...P], w [in, out / group, ...window], bias [out] -> [batch, out, ...S]` with
 * `S = (P - 1) stride + (window - 1) dilation + 1 + outputPadding - pads`; one to three spatial axes.
 * Errors: `shape-mismatch`, `bad-value`, `dtype-mismatch`. Source: ONNX ConvTranspose-11, torch.nn.functional.conv_transpose2d.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 8, 7, 7]);
 * console.log(ops.convTranspose(x, graphInput('w', [8, 3, 2, 2]), { strides: [2, 2] }).shape); // ['batch', 3, 14, 14]
 */
export const convTranspose = (x: Value, w: Value, options: ConvTransposeOptions = {}): Value =>
  convTransposeOp(
    { X: x, W: w, B: options.bias },
    { ...convAttrsOf(w, options), output_padding: options.outputPadding?.some((n) => n > 0) ? options.outputPadding : undefined },
  ).Y;

const float32 = 'no float64 kernel';

/** @internal */
export const convTransposeCases: OpCase[] = [
  {
    name: 'bias',
    ins: [[2, 3, 3, 4], [3, 2, 3, 2], [2]],
    float32,
    build: (x, w, bias) => convTranspose(x, w, { bias }),
    torch: 'F.conv_transpose2d(a, b, c)',
  },
  {
    name: 'strides, output padding',
    ins: [
      [2, 2, 3, 3],
      [2, 3, 3, 2],
    ],
    float32,
    build: (x, w) =>
      convTranspose(x, w, {
        strides: [2, 3],
        outputPadding: [1, 2],
        pads: [
          [1, 1],
          [0, 0],
        ],
      }),
    torch: 'F.conv_transpose2d(a, b, stride=(2, 3), padding=(1, 0), output_padding=(1, 2))',
  },
  {
    name: 'groups, dilations',
    ins: [
      [2, 4, 3, 3],
      [4, 2, 2, 3],
    ],
    float32,
    build: (x, w) => convTranspose(x, w, { group: 2, dilations: [2, 1] }),
    torch: 'F.conv_transpose2d(a, b, groups=2, dilation=(2, 1))',
  },
  {
    name: 'depthwise',
    ins: [
      [2, 3, 3, 3],
      [3, 1, 3, 3],
    ],
    float32,
    build: (x, w) => convTranspose(x, w, { group: 3, strides: [2, 2] }),
    torch: 'F.conv_transpose2d(a, b, groups=3, stride=2)',
  },
  {
    name: 'one axis',
    ins: [
      [2, 3, 4],
      [3, 2, 4],
    ],
    float32,
    build: (x, w) => convTranspose(x, w, { strides: [2], pads: [[1, 2]] }),
    torch: 'F.conv_transpose1d(a, b, stride=2)[:, :, 1:-2]',
  },
  {
    name: 'three axes',
    ins: [
      [2, 2, 2, 3, 2],
      [2, 2, 2, 2, 3],
    ],
    float32,
    build: (x, w) => convTranspose(x, w, { strides: [2, 1, 1] }),
    torch: 'F.conv_transpose3d(a, b, stride=(2, 1, 1))',
  },
];
