import { fail } from '../errors.ts';
import { constant, type Info, type Value } from '../graph/index.ts';
import { type Dim, full, isStatic, productOf, type Shape, sameShape, showShape } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { expand, expandLike } from './expand.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { reciprocal } from './reciprocal.ts';
import { reduceMean } from './reduce-mean.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { axisIn, floating, reducedShape, sameDtype } from './rules.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';
import { transpose } from './transpose.ts';

/** @internal */
export const layerNormalizationOp = defineOp({
  type: 'LayerNormalization',
  since: 17,
  inputs: ['x', 'scale'],
  optional: ['b'],
  outputs: ['y', 'mean', 'inverse'],
  attrs: {
    axis: { kind: 'int', default: -1 },
    epsilon: { kind: 'float', default: 1e-5 },
    stash_type: { kind: 'int', default: 1 },
  },
  infer({ x, scale, b }, { axis }) {
    const at = axisIn('LayerNormalization', axis, x.shape);
    for (const part of b ? [scale, b] : [scale]) {
      sameDtype('LayerNormalization', x, part);
      normalized(x, part, at);
    }
    const axes = x.shape.flatMap((_, i) => (i < at ? [] : [i]));
    const statistic: Info = { dtype: 'float32', shape: reducedShape(x.shape, axes, true) };
    return { y: floating('LayerNormalization', x), mean: statistic, inverse: statistic };
  },
  // Kernels of GPUs want scale and bias in full.
  expand({ x, scale, b }, attrs): Record<'y' | 'mean' | 'inverse', Value> | undefined {
    const sizes = normalized(x, scale, axisIn('LayerNormalization', attrs.axis, x.shape));
    const whole = (part: Value): Value => expand(part, sizes);
    if (!isStatic(sizes) || (sameShape(scale.shape, sizes) && (!b || sameShape(b.shape, sizes)))) return undefined;
    return layerNormalizationOp({ x, scale: whole(scale), b: b && whole(b) }, attrs);
  },
  /*
   * With rows of n elements, c = x - mean, s = 1 / sqrt(variance + epsilon), g = dy scale:
   *   dx = s g - s mean(g) - s³ c mean(g c), and what comes for mean and s themselves: dmean / n - s³ c ds / n.
   * Sums over rows and columns are products with a vector: one reading of dy, one of dy c, and nothing is written.
   */
  grad({ x, scale, b, mean, inverse, dy, dmean, dinverse }, { axis, epsilon }, { given: [, forMean, forInverse] }) {
    const at = axisIn('LayerNormalization', axis, x.shape);
    const sizes = normalized(x, scale, at);
    const size = productOf(sizes);
    if (typeof size === 'string')
      throw fail('no-gradient', {
        op: `LayerNormalization of run-time size '${size}'`,
        at: '',
        path: 'input 0 of LayerNormalization',
      });
    const rows = (v: Value): Value => reshape(v, [productOf(x.shape.slice(0, at)), size]);
    const column = (v: Value): Value => reshape(cast(v, x.dtype), [productOf(x.shape.slice(0, at)), 1]);
    const [x2, dy2] = [rows(x), rows(dy)];
    // The kernel's own statistics are float32.
    const exact = x.dtype === 'float32';
    const m = exact ? column(mean) : reduceMean(x2, { axes: [1], keepDims: true });
    const c = sub(x2, m);
    const s = exact ? column(inverse) : reciprocal(sqrt(add(reduceMean(mul(c, c), { axes: [1], keepDims: true }), epsilon)));
    const weights = reshape(expand(scale, sizes), [size, 1]);
    const product = mul(dy2, c);
    // Not a scale of a product: ONNX Runtime would make a float32 of it.
    const share = div(s, size);
    const along = matMul(product, weights);
    const across = mul(mul(mul(s, s), share), forInverse ? add(along, column(dinverse)) : along);
    const average = mul(share, matMul(dy2, weights));
    const shift = forMean ? sub(average, div(column(dmean), size)) : average;
    const dx = sub(sub(mul(mul(dy2, reshape(weights, [1, size])), s), mul(c, across)), shift);
    return {
      x: reshapeLike(dx, x),
      scale: reshape(matMul(transpose(s), product), sizes),
      b: b ? reshape(matMul(expandLike(constant(full([1, 1], 1, x.dtype)), transpose(s)), dy2), sizes) : null,
    };
  },
});

/** The sizes of what is normalized together: the last axes of `x`, as far as `x` or `part` know them. */
function normalized(x: Info, part: Info, at: number): Shape {
  const last = x.shape.slice(at);
  const lead = last.length - part.shape.length;
  // Sizes that only one of both knows are taken from there.
  const sizes = last.map((size, i) => (typeof size === 'number' ? size : (part.shape[i - lead] ?? size)));
  const fits = (size: Dim, i: number): boolean => size === 1 || typeof size === 'string' || size === sizes[i + lead];
  if (lead < 0 || !part.shape.every(fits))
    throw fail('shape-mismatch', {
      what: 'LayerNormalization',
      got: `${showShape(part.shape)} for axes of sizes ${showShape(last)}`,
      want: 'scale and bias of the size of the axes that are normalized',
    });
  return sizes;
}

/** How {@link layerNormalization} is called. */
export interface LayerNormalizationInputs {
  readonly scale: Value;
  readonly bias?: Value | undefined;
  /** The first of the axes that are normalized together, up to the last one; the last one alone unless told. */
  readonly axis?: number;
  /** Added to the variance; 1e-5 unless told. */
  readonly epsilon?: number;
}

/**
 * The last axes less their mean, divided by their standard deviation: `y = (x - mean) / sqrt(variance + epsilon) * scale + bias`.
 *
 * Shapes: `x [...R, ...S], scale S, bias S -> [...R, ...S]`, where S begins at `axis`.
 * Errors: `shape-mismatch`, `dtype-mismatch`, `bad-value` for an axis outside.
 * Source: ONNX LayerNormalization-17, torch.nn.functional.layer_norm; Ba et al. 2016.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const [scale, bias] = [graphInput('scale', [64]), graphInput('bias', [64])];
 * console.log(ops.layerNormalization(graphInput('x', ['batch', 20, 64]), { scale, bias }).shape); // ['batch', 20, 64]
 */
export const layerNormalization = (x: Value, { scale, bias, axis = -1, epsilon = 1e-5 }: LayerNormalizationInputs): Value =>
  layerNormalizationOp({ x, scale, b: bias }, { axis, epsilon }).y;

/** @internal */
export const layerNormalizationCases: OpCase[] = [
  {
    ins: [[2, 3, 4], [4], [4]],
    build: (x, scale, bias) => layerNormalization(x, { scale, bias }),
    torch: 'F.layer_norm(a, (4,), b, c)',
  },
  {
    name: 'no bias',
    ins: [[3, 4], [4]],
    build: (x, scale) => layerNormalization(x, { scale, epsilon: 0.125 }),
    torch: 'F.layer_norm(a, (4,), b, None, 0.125)',
  },
  {
    name: 'two axes',
    ins: [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    build: (x, scale, bias) => layerNormalization(x, { scale, bias, axis: 1 }),
    torch: 'F.layer_norm(a, (3, 4), b, c)',
  },
  {
    name: 'one scale for all',
    ins: [[2, 3], [1]],
    build: (x, scale) => layerNormalization(x, { scale }),
    torch: 'F.layer_norm(a, (3,)) * b',
  },
  {
    name: 'with its statistics',
    ins: [[2, 3], [3]],
    build: (x, scale) => Object.values(layerNormalizationOp({ x, scale })),
    torch: '(F.layer_norm(a, (3,), b), a.mean(-1, keepdim=True), (a.var(-1, keepdim=True, correction=0) + 1e-5).rsqrt())',
    float32: 'the statistics are float32 whatever the input is',
  },
];
