import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { div, matMul, max, mul, reduceSum, reshape, sqrt, transpose } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { normalAxis, productOf, showShape } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';

/** Options of {@link dot}. */
export interface DotOptions {
  /** The axis of each input that is summed over, or one for both; 0 is the batch and cannot be. */
  readonly axes: number | readonly [number, number];
  /** Divide by the lengths along those axes first, so that the output is the cosine. False unless told. */
  readonly normalize?: boolean;
}

/**
 * Product of two values with a sum over one axis of each, sample by sample: attention scores, or how alike two vectors are.
 *
 * Shapes: `[batch, ...A], [batch, ...B] -> [batch, ...A without its axis, ...B without its axis]`; `[batch, n], [batch, n] -> [batch, 1]`.
 * Errors: `bad-value` for an axis that is not there or is the batch, `shape-mismatch` for axes of different sizes.
 * Source: Keras Dot; lengths are at least 1e-12, as in torch.nn.functional.normalize.
 *
 * @example
 * import { dot, input } from '@stratus/core';
 * const [queries, keys] = [input({ shape: [5, 64] }), input({ shape: [7, 64] })];
 * console.log(dot({ axes: -1 })([queries, keys]).shape); // ['batch', 5, 7]
 */
export const dot = defineLayer<DotOptions>({
  type: 'Dot',
  inputs: [2, 2],
  check({ axes, normalize = false }) {
    checkOptions('Dot', { normalize }, { normalize: 'flag' });
    const fits = Array.isArray(axes) ? axes.length === 2 && axes.every(Number.isInteger) : Number.isInteger(axes);
    if (!fits) throw fail('bad-value', { what: 'Dot', got: `axes = ${JSON.stringify(axes)}`, want: 'a whole number, or two' });
  },
  build({ axes, normalize = false }, [a, b]) {
    const [axisOfA, axisOfB] = (typeof axes === 'number' ? [axes, axes] : axes) as [number, number];
    const [p, q] = [axisIn(axisOfA, a!), axisIn(axisOfB, b!)];
    const [size, other] = [a!.shape[p]!, b!.shape[q]!];
    if (typeof size === 'number' && typeof other === 'number' && size !== other)
      throw fail('shape-mismatch', {
        what: 'Dot',
        got: `${showShape(a!.shape)} along axis ${p} and ${showShape(b!.shape)} along axis ${q}`,
        want: 'axes of one size',
        fix: "Check 'axes'.",
      });
    const [left, right] = [toMatrix(a!, p, 'last'), toMatrix(b!, q, 'first')];
    const ready = normalize ? [unit(left.matrix, 2), unit(right.matrix, 1)] : [left.matrix, right.matrix];
    const rest = [...left.rest, ...right.rest];
    return reshape(matMul(ready[0]!, ready[1]!), [a!.shape[0]!, ...(rest.length === 0 ? [1] : rest)]);
  },
});

/** An axis, counted from the front. */
function axisIn(axis: number, { shape }: Value): number {
  const normal = normalAxis(axis, shape.length);
  if (normal === undefined || normal === 0)
    throw fail('bad-value', {
      what: 'Dot',
      got: `axis ${axis} for shape ${showShape(shape)}`,
      want: shape.length < 2 ? 'inputs with an axis besides the batch' : `an axis from 1 to ${shape.length - 1}, or from the end`,
    });
  return normal;
}

/** `[batch, rest, n]` or `[batch, n, rest]`, where n is the size of the axis. */
function toMatrix(x: Value, axis: number, place: 'first' | 'last') {
  const others = x.shape.map((_, i) => i).filter((i) => i !== axis && i > 0);
  const order = place === 'last' ? [0, ...others, axis] : [0, axis, ...others];
  const rest = others.map((i) => x.shape[i]!);
  const moved = order.every((from, to) => from === to) ? x : transpose(x, order);
  const sizes = place === 'last' ? [productOf(rest), x.shape[axis]!] : [x.shape[axis]!, productOf(rest)];
  return { matrix: reshape(moved, [x.shape[0]!, ...sizes]), rest };
}

/** Vectors of length 1 along an axis. The least length is inside the root, whose slope at 0 is infinite. */
const unit = (x: Value, axis: number): Value => div(x, sqrt(max(reduceSum(mul(x, x), { axes: [axis], keepDims: true }), 1e-24)));
