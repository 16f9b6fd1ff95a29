import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { byConvolution, othersThan, suitsConvolution } from './channel-convolution.ts';
import { countOf } from './count-of.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { keepingCentered } from './keeping-centered.ts';
import { mul, mulOp } from './mul.ts';
import { reciprocal } from './reciprocal.ts';
import { reduceMean } from './reduce-mean.ts';
import { reduceSum } from './reduce-sum.ts';
import { inferReduction, reductionAttrs } from './reduction.ts';
import { reshape } from './reshape.ts';
import { axisIn, ints, knownInts } from './rules.ts';
import { sqrt } from './sqrt.ts';
import { sub, subOp } from './sub.ts';

/*
 * Exact gradients in the fewest passes over memory: an ordinary difference, sum of squares and product to ONNX. The cotangent of the
 * centered value has mean 0 from the start: that of its squares is a multiple of it, and the rule of the product takes the mean out,
 * which is a number for each channel. So it goes on to x as it is, where the rule of a difference from the mean would take two more
 * passes.
 */
const lessMean = defineOp({
  type: 'Sub',
  since: 14,
  inputs: ['x', 'mean'],
  outputs: ['centered'],
  infer: ({ x, mean }) => ({ centered: subOp.op.infer([x, mean], {})[0]! }),
  grad: ({ dcentered }) => ({ x: dcentered, mean: null }),
});

const sumOfSquares = defineOp({
  type: 'ReduceSumSquare',
  since: 18,
  inputs: ['centered', 'axes'],
  outputs: ['sum'],
  attrs: reductionAttrs,
  infer: ({ centered, axes }, attrs) => ({ sum: inferReduction('ReduceSumSquare', { data: centered, axes }, attrs) }),
  grad: ({ centered, axes, dsum }) => ({
    centered: mul(keepingCentered(centered, knownInts('ReduceSumSquare', 'axes', axes)), mul(dsum, 2)),
    axes: null,
  }),
});

const timesScale = defineOp({
  type: 'Mul',
  since: 14,
  inputs: ['centered', 'scale'],
  outputs: ['y'],
  infer: ({ centered, scale }) => ({ y: mulOp.op.infer([centered, scale], {})[0]! }),
  grad({ centered, scale, dy }) {
    const axes = scale.shape.flatMap((size, i) => (size === 1 ? [i] : []));
    const mean = reduceMean(dy, { axes, keepDims: true });
    const products = mul(dy, keepingCentered(centered, axes));
    return { centered: mul(sub(dy, mean), scale), scale: reduceSum(products, { axes, keepDims: true }) };
  },
});

/** How {@link standardize} is called. */
export interface StandardizeOptions {
  /** `[channels]`, to multiply by; none unless told. */
  readonly scale?: Value | undefined;
  /** `[channels]`, to add; none unless told. */
  readonly shift?: Value | undefined;
  /** The axis of the channels; 1 unless told. */
  readonly axis?: number;
  /** Added to the variance; 1e-5 unless told. */
  readonly epsilon?: number;
}

/**
 * Each channel less its own mean, divided by its own standard deviation: `y = (x - mean) / sqrt(variance + epsilon) * scale + shift`,
 * with the statistics of this batch, which are given too. Batch normalization in training. The variance is the mean of squared
 * distances, of the centered value, so that no digits are lost where the mean is large.
 *
 * Shapes: `x [batch, channels, ...S] -> y` of that shape, `mean [channels]`, `variance [channels]`.
 * Errors: `shape-mismatch`, `bad-value` for an axis outside. Source: Ioffe and Szegedy 2015, algorithm 1.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const { y, mean } = ops.standardize(graphInput('x', ['batch', 3, 8, 8]));
 * console.log(y.shape, mean.shape); // ['batch', 3, 8, 8] [3]
 */
export function standardize(
  x: Value,
  { scale, shift, axis = 1, epsilon = 1e-5 }: StandardizeOptions = {},
): { readonly y: Value; readonly mean: Value; readonly variance: Value } {
  const at = axisIn('standardize', axis, x.shape);
  const axes = othersThan(at, x);
  const mean = reduceMean(x, { axes, keepDims: true });
  const { centered } = lessMean({ x, mean });
  const list = (v: Value): Value => reshape(v, [x.shape[at]!]);
  const along = (v: Value): Value =>
    reshape(
      v,
      x.shape.map((_, i) => (i === at ? v.shape[0]! : 1)),
    );
  const variance = list(div(sumOfSquares({ centered, axes: ints(axes) }).sum, countOf(x, axes)));
  const inverse = reciprocal(sqrt(add(variance, epsilon)));
  const by = scale ? mul(inverse, scale) : inverse;
  const scaled = (): Value => timesScale({ centered, scale: along(by) }).y;
  const y =
    at === 1 && suitsConvolution(x)
      ? byConvolution(centered, by, shift, { centered: true })
      : shift
        ? add(scaled(), along(shift))
        : scaled();
  return { y, mean: list(mean), variance };
}

/** @internal */
export const standardizeCases: OpCase[] = [
  {
    ins: [[4, 3], [3], [3]],
    build: (x, scale, shift) => standardize(x, { scale, shift }).y,
    torch: 'F.batch_norm(a, None, None, b, c, True)',
  },
  {
    name: 'with its statistics',
    ins: [[2, 3, 4], [3]],
    build: (x, scale) => Object.values(standardize(x, { scale, epsilon: 0.125 })),
    torch: '(F.batch_norm(a, None, None, b, None, True, 0, 0.125), a.mean((0, 2)), a.var((0, 2), correction=0))',
  },
  {
    name: 'last axis',
    ins: [[2, 2, 3]],
    build: (x) => standardize(x, { axis: -1 }).y,
    torch: 'F.batch_norm(a.movedim(2, 1), None, None, None, None, True).movedim(1, 2)',
  },
  {
    name: 'one channel',
    ins: [[5, 1], [1]],
    build: (x, shift) => standardize(x, { shift }).y,
    torch: 'F.batch_norm(a, None, None, None, None, True) + b',
  },
  {
    name: 'long channels',
    ins: [[2, 2, 8, 16], [2], [2]],
    build: (x, scale, shift) => Object.values(standardize(x, { scale, shift })),
    torch: '(F.batch_norm(a, None, None, b, c, True), a.mean((0, 2, 3)), a.var((0, 2, 3), correction=0))',
  },
  {
    name: 'long channels, no shift',
    ins: [[2, 2, 128], [2]],
    build: (x, scale) => standardize(x, { scale }).y,
    torch: 'F.batch_norm(a, None, None, b, None, True)',
  },
];
