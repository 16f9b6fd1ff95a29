import { constant, type Value } from '../graph/index.ts';
import { full } from '../tensor/index.ts';
import { add } from './add.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { leastSizes } from './conv-geometry.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { gather } from './gather.ts';
import { greaterOrEqual } from './greater-or-equal.ts';
import { less } from './less.ts';
import { matrixAlong, matrixUpTo, transposed, type Weights } from './matrix-along.ts';
import { max } from './max.ts';
import { min } from './min.ts';
import { mod } from './mod.ts';
import { mul } from './mul.ts';
import { pad } from './pad.ts';
import { type PoolOptions, pooled, type Windows, windowAttrs, windowAttrsOf, windowsOf } from './pool-window.ts';
import { range } from './range.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { ints } from './rules.ts';
import { dimsOf } from './shape.ts';
import { sub } from './sub.ts';
import { where } from './where.ts';

/** @internal */
export const averagePoolOp = defineOp({
  type: 'AveragePool',
  since: 19,
  inputs: ['x'],
  outputs: ['y'],
  attrs: { ...windowAttrs, count_include_pad: { kind: 'int', default: 0 } },
  infer: ({ x }, attrs) => ({ y: pooled('AveragePool', x, attrs) }),
  least: ({ x }, attrs) => leastSizes(x, windowsOf('AveragePool', x, attrs)),
  grad({ x, dy }, attrs) {
    // A mean over a window is one over each axis after the other, and so is what goes back.
    const spread = windowsOf('AveragePool', x, attrs).reduce((term, windows) => {
      const { axis } = windows;
      const axisRule: AxisRule = {
        ...windows,
        withPad: attrs.count_include_pad === 1,
        hangs: attrs.ceil_mode === 1,
        lower: attrs.auto_pad === 'SAME_LOWER',
      };
      const size = x.shape[axis]!;
      return typeof size === 'number' && size <= matrixUpTo
        ? matrixAlong(term, axis, transposed(meansOf(axisRule, size)))
        : spreadAxis(term, axisRule, x);
    }, dy);
    return { x: reshapeLike(spread, x) };
  },
});

interface AxisRule extends Windows {
  /** The margin counts as elements. */
  readonly withPad: boolean;
  /** The last window may hang over the end. */
  readonly hangs: boolean;
  /** The odd element of an automatic margin stands in front. */
  readonly lower: boolean;
}

/** The share of each of `size` elements in each window. */
function meansOf({ kernel, stride, dilation, before = 0, after = 0, count, withPad }: AxisRule, size: number): Weights {
  return Array.from({ length: count as number }, (_, o) => {
    const elements = Array.from({ length: kernel }, (_, k) => o * stride - before + k * dilation);
    const inside = elements.filter((at) => at >= 0 && at < size);
    const counted = withPad ? elements.filter((at) => at < size + after).length : inside.length;
    return Array.from({ length: size }, (_, at) => (inside.includes(at) ? 1 / counted : 0));
  });
}

/** As the matrix would do it, for an axis that is long, or as long as it is at run time: by finding the windows of each element. */
function spreadAxis(dy: Value, rule: AxisRule, x: Value): Value {
  const { axis, stride, dilation, span } = rule;
  const count = dimsOf([dy.shape[axis]!], dy);
  const size = dimsOf([x.shape[axis]!], x);
  const before = marginOf(rule, count, size);
  const none = dy.shape.map((_, i): [number, number] => [0, i === axis ? 1 : 0]);
  const shares = pad(div(dy, elementsOf(rule, { count, size, before, like: dy })), none); // the last one is 0: no window
  const at = add(range(0, size, 1), before);
  const last = div(at, ints([stride]));
  const terms = Array.from({ length: Math.ceil(span / stride) }, (_, back) => {
    const window = sub(last, ints([back]));
    const offset = sub(at, mul(window, ints([stride])));
    const within = and(less(offset, ints([span])), equal(mod(offset, ints([dilation])), ints([0])));
    const exists = and(greaterOrEqual(window, ints([0])), less(window, count));
    return gather(shares, where(and(within, exists), window, count), { axis });
  });
  return terms.reduce((a, b) => add(a, b));
}

/** The margin in front, which `auto_pad` makes of the size. */
function marginOf({ before, lower, stride, span }: AxisRule, count: Value, size: Value): Value {
  if (before !== undefined) return ints([before]);
  const covered = add(mul(sub(count, ints([1])), ints([stride])), ints([lower ? span + 1 : span]));
  return div(sub(covered, size), ints([2]));
}

/** How many elements each window averages: a number, or one for each. */
function elementsOf(
  { axis, kernel, stride, dilation, before: known, after = 0, withPad, hangs }: AxisRule,
  { count, size, before, like }: { readonly count: Value; readonly size: Value; readonly before: Value; readonly like: Value },
): Value {
  if (!hangs && (withPad || (known === 0 && after === 0))) return constant(full([], kernel, like.dtype));
  const first = sub(mul(range(0, count, 1), ints([stride])), before);
  // Of the elements first, first + dilation, …, the number that stands before `end`.
  const upTo = (end: Value): Value =>
    min(div(add(max(sub(end, first), ints([0])), ints([dilation - 1])), ints([dilation])), ints([kernel]));
  const counted = withPad ? upTo(add(size, ints([after]))) : sub(upTo(size), upTo(ints([0])));
  return cast(
    reshape(
      counted,
      like.shape.map((_, i) => (i === axis ? -1 : 1)),
    ),
    like.dtype,
  );
}

/** What {@link averagePool} takes. */
export interface AveragePoolOptions extends PoolOptions {
  /** Zeros of the margin count as elements. False unless told, as in ONNX and Keras; PyTorch's default is true. */
  readonly countIncludePad?: boolean | undefined;
}

/**
 * Mean of each window.
 *
 * Shapes: `[batch, channels, ...S] -> [batch, channels, ...floor((S + margins - (kernel - 1) dilation - 1) / stride) + 1]`, one
 * to three spatial axes; float32 only. Errors: `shape-mismatch` for a window larger than the input, `bad-value` for options that
 * do not fit. Source: ONNX AveragePool-19, torch.nn.functional.avg_pool2d.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 32, 30, 30]);
 * console.log(ops.averagePool(x, { kernelShape: [3, 3], strides: [2, 2] }).shape); // ['batch', 32, 14, 14]
 */
export const averagePool = (x: Value, { countIncludePad, ...options }: AveragePoolOptions): Value =>
  averagePoolOp({ x }, { ...windowAttrsOf(options), count_include_pad: countIncludePad ? 1 : 0 }).y;

const float32 = 'ONNX Runtime has no float64 kernel';

/** @internal */
export const averagePoolCases: OpCase[] = [
  {
    name: 'apart',
    ins: [[2, 3, 4, 6]],
    build: (x) => averagePool(x, { kernelShape: [2, 2], strides: [2, 2] }),
    torch: 'F.avg_pool2d(a, 2)',
    float32,
  },
  {
    name: 'overlap and margin',
    ins: [[2, 2, 5, 6]],
    build: (x) =>
      averagePool(x, {
        kernelShape: [3, 3],
        strides: [2, 2],
        pads: [
          [1, 1],
          [1, 1],
        ],
      }),
    torch: 'F.avg_pool2d(a, 3, 2, 1, count_include_pad=False)',
    float32,
  },
  {
    name: 'counted margin',
    ins: [[2, 1, 4, 5]],
    build: (x) =>
      averagePool(x, {
        kernelShape: [3, 3],
        strides: [2, 2],
        pads: [
          [1, 1],
          [1, 1],
        ],
        countIncludePad: true,
        ceilMode: true,
      }),
    torch: 'F.avg_pool2d(a, 3, 2, 1, ceil_mode=True)',
    float32,
  },
  {
    name: 'one axis',
    ins: [[2, 3, 8]],
    build: (x) => averagePool(x, { kernelShape: [3], dilations: [2] }),
    torch: '(a[:, :, :-4] + a[:, :, 2:-2] + a[:, :, 4:]) / 3',
    float32,
  },
  {
    name: 'three axes',
    ins: [[2, 2, 3, 4, 5]],
    build: (x) => averagePool(x, { kernelShape: [2, 2, 3], strides: [1, 2, 2] }),
    torch: 'F.avg_pool3d(a, (2, 2, 3), (1, 2, 2))',
    float32,
  },
  {
    name: 'ceil',
    ins: [[2, 1, 6, 5]],
    build: (x) => averagePool(x, { kernelShape: [3, 2], strides: [2, 2], ceilMode: true }),
    torch: 'F.avg_pool2d(a, (3, 2), 2, ceil_mode=True)',
    float32,
  },
  {
    name: 'same',
    ins: [[2, 1, 5, 4]],
    build: (x) => averagePool(x, { kernelShape: [2, 3], strides: [2, 2], autoPad: 'SAME_UPPER' }),
    torch: 'F.avg_pool2d(F.pad(a, (0, 1, 0, 1)), (2, 3), 2) / F.avg_pool2d(F.pad(torch.ones_like(a), (0, 1, 0, 1)), (2, 3), 2)',
    float32,
  },
  {
    name: 'long',
    ins: [[1, 1, matrixUpTo + 1]],
    build: (x) => averagePool(x, { kernelShape: [5], strides: [3], pads: [[2, 1]] }),
    torch: 'F.avg_pool1d(F.pad(a, (2, 1)), 5, 3) / F.avg_pool1d(F.pad(torch.ones_like(a), (2, 1)), 5, 3)',
    float32,
  },
  {
    name: 'long with dilation, counted margin',
    ins: [[2, 1, matrixUpTo + 1]],
    build: (x) => averagePool(x, { kernelShape: [3], strides: [2], dilations: [2], pads: [[2, 2]], countIncludePad: true }),
    torch: '(lambda p: (p[:, :, 0:257:2] + p[:, :, 2:259:2] + p[:, :, 4:261:2]) / 3)(F.pad(a, (2, 2)))',
    float32,
  },
];
