import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { type Dim, dimsDiffer, productOf, showShape, sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import {
  type ConvAxis,
  type ConvOptions,
  convAttrs,
  convAttrsOf,
  convWindows,
  isPointwise,
  leastSizes,
} from './conv-geometry.ts';
import { kernelGradients } from './conv-kernel-gradient.ts';
import { convTranspose } from './conv-transpose.ts';
import { defineOp } from './define.ts';
import { gather } from './gather.ts';
import { pad, withoutZeros } from './pad.ts';
import { range } from './range.ts';
import { reshape } from './reshape.ts';
import { floating } from './rules.ts';
import { dimsOf } from './shape.ts';
import { slice } from './slice.ts';
import { transpose } from './transpose.ts';
import { biasGradient } from './unfold.ts';

export type { ConvOptions } from './conv-geometry.ts';

/** @internal */
export const convOp = defineOp({
  type: 'Conv',
  since: 11,
  inputs: ['X', 'W'],
  optional: ['B'],
  outputs: ['Y'],
  attrs: convAttrs,
  infer({ X, W, B }, attrs) {
    const { counts } = convWindows('Conv', { X, W, B }, attrs);
    const [out, width] = W.shape as readonly number[];
    const { group } = attrs;
    if (!Number.isSafeInteger(group) || group < 1 || out! % group !== 0)
      throw fail('bad-value', {
        what: 'Conv',
        got: `${group} groups for ${out} output channels`,
        want: 'a number of groups that divides the channels',
      });
    if (dimsDiffer(X.shape[1]!, width! * group))
      throw fail('shape-mismatch', {
        what: 'Conv',
        got: `input ${showShape(X.shape)} and kernels ${showShape(W.shape)}${group > 1 ? ` in ${group} groups` : ''}`,
        want: `${width! * group} input channels, on axis 1`,
        fix: 'Check the number of channels and whether they come first or last.',
      });
    if (B && (B.shape.length !== 1 || dimsDiffer(B.shape[0]!, out!)))
      throw fail('shape-mismatch', { what: 'Conv', got: `a bias of shape ${showShape(B.shape)}`, want: `[${out}]` });
    return { Y: { dtype: floating('Conv', X).dtype, shape: [X.shape[0]!, out!, ...counts] } };
  },
  flops: ({ W }, { Y }) => 2 * sizeOf(Y.shape) * sizeOf(W.shape.slice(1)),
  least: ({ X, W, B }, attrs) => leastSizes(X, convWindows('Conv', { X, W, B }, attrs).placed),
  grad({ X, W, B, dY }, attrs, { wanted: [, isTrained] }) {
    const axes = convWindows('Conv', { X, W, B }, attrs).axes();
    const { dw, db } = kernelGradients(X, dY, { axes, group: attrs.group, kernel: W.shape as readonly number[] });
    return { X: toImage(dY, W, { X, axes, group: attrs.group }), W: dw, B: isTrained ? db : biasGradient(dY) };
  },
});

/** The gradient of the image: what each window saw goes back to where it saw it. */
function toImage(
  dy: Value,
  w: Value,
  { X, axes, group }: { readonly X: Value; readonly axes: readonly ConvAxis[]; readonly group: number },
): Value {
  if (flipIsFaster(dy, w, { X, axes, group })) return flippedConv(dy, w, { axes, group });
  const strides = axes.map(({ stride }) => stride);
  const pads = axes.map(({ before, after }) => [before, after] as const);
  const sizes = axes.map(({ axis }) => X.shape[axis]!);
  // How many elements at the end no window saw: known by number, or made as many as they can be and cut off.
  const unseen = axes.map((windows, i) => {
    if (windows.stride === 1) return 0;
    const size = sizes[i]!;
    return typeof size === 'number'
      ? (size + windows.before + windows.after - windows.span) % windows.stride
      : windows.stride - 1;
  });
  const image = convTranspose(dy, w, {
    strides,
    pads,
    dilations: axes.map(({ dilation }) => dilation),
    group,
    outputPadding: unseen,
  });
  return axes.reduce(
    (y, { axis, stride }, i) => (stride > 1 && typeof sizes[i] === 'string' ? firstOf(y, axis, { size: sizes[i], of: X }) : y),
    image,
  );
}

/** The first `size` elements of an axis, where that is a size of another value known only at run time. */
const firstOf = (x: Value, axis: number, { size, of }: { readonly size: Dim; readonly of: Value }): Value =>
  gather(x, range(0, dimsOf([size], of), 1), { axis });

/**
 * With a stride of 1 the gradient of the image is also a convolution, with flipped kernels. ConvTranspose runs its last part, the
 * sum over windows, in one thread, which takes as long as it has output channels; Conv unfolds its input, in all threads.
 */
function flipIsFaster(
  dy: Value,
  w: Value,
  { X, axes, group }: { readonly X: Value; readonly axes: readonly ConvAxis[]; readonly group: number },
): boolean {
  const can = axes.every(({ stride, span, before, after }) => stride === 1 && before < span && after < span);
  if (!can) return false;
  const [out, width] = w.shape as readonly number[];
  if (isPointwise(axes) || (group > 1 && width === 1)) return true;
  const [windows, places] = [productOf(dy.shape.slice(2)), productOf(X.shape.slice(2))];
  const grown = typeof windows === 'number' && typeof places === 'number' ? places / windows : 1;
  return (out! / group) * grown <= 1.5 * width!;
}

function flippedConv(
  dy: Value,
  w: Value,
  { axes, group }: { readonly axes: readonly ConvAxis[]; readonly group: number },
): Value {
  const [out, width, ...window] = w.shape as readonly number[];
  const far = axes.filter(({ kernel }) => kernel > 1).map(({ axis }) => axis);
  const flipped =
    far.length === 0
      ? w
      : slice(w, {
          starts: far.map(() => -1),
          ends: far.map(() => Number.NEGATIVE_INFINITY),
          axes: far,
          steps: far.map(() => -1),
        });
  const each = out! / group;
  const options = {
    dilations: axes.map(({ dilation }) => dilation),
    pads: axes.map(({ span, before, after }) => [span - 1 - before, span - 1 - after] as const),
    group,
  };
  if (group === 1) return conv(dy, transpose(flipped, [1, 0, ...window.map((_, i) => i + 2)]), options);
  // [out, width, ...] group by group as [group * width, each, ...]
  const swapped =
    width === 1
      ? flipped
      : transpose(reshape(flipped, [group, each, width!, ...window]), [0, 2, 1, ...window.map((_, i) => i + 3)]);
  return conv(dy, reshape(swapped, [group * width!, each, ...window]), options);
}

/**
 * Convolution: each output is the product of a window of the input with a kernel. (Cross-correlation, as everywhere in deep learning.)
 *
 * Shapes: `x [batch, in, ...S], w [out, in / group, ...window], bias [out] -> [batch, out, ...P]` with
 * `P = floor((S + margins - (window - 1) dilation - 1) / stride) + 1`; one to three spatial axes.
 * Errors: `shape-mismatch` for a kernel larger than its input and for another number of channels, `bad-value` for options that do
 * not fit, `dtype-mismatch`. Source: ONNX Conv-11, torch.nn.functional.conv2d.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3, 32, 32]);
 * console.log(ops.conv(x, graphInput('w', [8, 3, 5, 5]), { strides: [2, 2] }).shape); // ['batch', 8, 14, 14]
 */
export function conv(x: Value, w: Value, options: ConvOptions = {}): Value {
  const { autoPad = 'NOTSET', pads = x.shape.slice(2).map(() => [0, 0] as const) } = options;
  // A margin of zeros that stands before becomes the convolution's own: it is not written, and its gradient not cut off again.
  const { inside, margins } = autoPad === 'NOTSET' ? withoutZeros(x, 2) : { inside: x, margins: [] };
  if (inside === x || margins.length !== pads.length) return convOp({ X: x, W: w, B: options.bias }, convAttrsOf(w, options)).Y;
  const all = pads.map(([before, after], i) => [before + margins[i]![0], after + margins[i]![1]] as const);
  return convOp({ X: inside, W: w, B: options.bias }, convAttrsOf(w, { ...options, pads: all })).Y;
}

const float32 = 'no float64 kernel';

/** @internal */
export const convCases: OpCase[] = [
  {
    name: 'bias',
    ins: [[2, 3, 5, 5], [4, 3, 3, 3], [4]],
    float32,
    build: (x, w, bias) => conv(x, w, { bias }),
    torch: 'F.conv2d(a, b, c)',
  },
  {
    name: 'margin',
    ins: [
      [2, 3, 5, 4],
      [2, 3, 3, 3],
    ],
    float32,
    build: (x, w) =>
      conv(x, w, {
        pads: [
          [1, 1],
          [1, 1],
        ],
      }),
    torch: 'F.conv2d(a, b, padding=1)',
  },
  {
    name: 'a margin before it',
    ins: [
      [2, 3, 4, 4],
      [2, 3, 3, 3],
    ],
    float32,
    build: (x, w) =>
      conv(
        pad(x, [
          [0, 0],
          [0, 0],
          [1, 0],
          [2, 1],
        ]),
        w,
        {
          pads: [
            [0, 1],
            [1, 0],
          ],
          strides: [2, 1],
        },
      ),
    torch: 'F.conv2d(F.pad(a, (3, 1, 1, 1)), b, stride=(2, 1))',
  },
  {
    name: 'strides, uneven margin',
    ins: [
      [2, 2, 6, 7],
      [3, 2, 3, 2],
    ],
    float32,
    build: (x, w) =>
      conv(x, w, {
        strides: [2, 3],
        pads: [
          [1, 0],
          [0, 2],
        ],
      }),
    torch: 'F.conv2d(F.pad(a, (0, 2, 1, 0)), b, stride=(2, 3))',
  },
  {
    name: 'dilations',
    ins: [
      [2, 2, 7, 6],
      [2, 2, 3, 2],
    ],
    float32,
    build: (x, w) => conv(x, w, { dilations: [2, 3] }),
    torch: 'F.conv2d(a, b, dilation=(2, 3))',
  },
  {
    name: 'groups',
    ins: [
      [2, 4, 4, 4],
      [6, 2, 3, 3],
    ],
    float32,
    build: (x, w) =>
      conv(x, w, {
        group: 2,
        pads: [
          [1, 1],
          [1, 1],
        ],
      }),
    torch: 'F.conv2d(a, b, padding=1, groups=2)',
  },
  {
    name: 'groups, strides',
    ins: [
      [2, 4, 5, 5],
      [4, 2, 3, 3],
    ],
    float32,
    build: (x, w) => conv(x, w, { group: 2, strides: [2, 2] }),
    torch: 'F.conv2d(a, b, stride=2, groups=2)',
  },
  {
    name: 'depthwise',
    ins: [
      [2, 3, 4, 4],
      [6, 1, 3, 3],
    ],
    float32,
    build: (x, w) =>
      conv(x, w, {
        group: 3,
        pads: [
          [1, 1],
          [1, 1],
        ],
      }),
    torch: 'F.conv2d(a, b, padding=1, groups=3)',
  },
  {
    name: 'depthwise, strides',
    ins: [
      [2, 3, 6, 5],
      [3, 1, 3, 3],
    ],
    float32,
    build: (x, w) => conv(x, w, { group: 3, strides: [2, 2] }),
    torch: 'F.conv2d(a, b, stride=2, groups=3)',
  },
  {
    name: 'pointwise',
    ins: [[2, 3, 3, 4], [5, 3, 1, 1], [5]],
    float32,
    build: (x, w, bias) => conv(x, w, { bias }),
    torch: 'F.conv2d(a, b, c)',
  },
  {
    name: 'many channels',
    ins: [
      [2, 8, 4, 3],
      [2, 8, 2, 2],
    ],
    float32,
    build: (x, w) => conv(x, w),
    torch: 'F.conv2d(a, b)',
  },
  {
    name: 'many windows',
    ins: [
      [2, 1, 129],
      [2, 1, 3],
    ],
    float32,
    build: (x, w) => conv(x, w, { strides: [2], pads: [[1, 0]] }),
    torch: 'F.conv1d(F.pad(a, (1, 0)), b, stride=2)',
  },
  {
    name: 'one axis',
    ins: [
      [2, 3, 8],
      [4, 3, 3],
    ],
    float32,
    build: (x, w) => conv(x, w, { dilations: [2], pads: [[4, 0]] }),
    torch: 'F.conv1d(F.pad(a, (4, 0)), b, dilation=2)',
  },
  {
    name: 'three axes',
    ins: [
      [2, 2, 3, 4, 5],
      [3, 2, 2, 3, 2],
    ],
    float32,
    build: (x, w) => conv(x, w, { strides: [1, 2, 2] }),
    torch: 'F.conv3d(a, b, stride=(1, 2, 2))',
  },
  {
    name: 'same',
    ins: [
      [2, 2, 5, 6],
      [2, 2, 3, 4],
    ],
    float32,
    build: (x, w) => conv(x, w, { autoPad: 'SAME_UPPER', strides: [2, 2] }),
    torch: 'F.conv2d(F.pad(a, (1, 1, 1, 1)), b, stride=2)',
  },
  {
    name: 'same, more before',
    ins: [
      [2, 2, 5, 6],
      [2, 2, 2, 4],
    ],
    float32,
    build: (x, w) => conv(x, w, { autoPad: 'SAME_LOWER' }),
    torch: 'F.conv2d(F.pad(a, (2, 1, 1, 0)), b)',
  },
];
