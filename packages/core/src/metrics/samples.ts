// What metrics share: samples, their weights and their targets.
import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { argMax, cast, expandLike, greater, mul, oneHot, reshape } from '../ops/index.ts';
import { alignLabels, alignTarget, targetMismatch } from '../targets/index.ts';
import { type DType, full, showShape } from '../tensor/index.ts';

/** True if targets are class numbers: one axis fewer than the predictions, or a last axis of size 1 where they have more. */
export const isSparse = ({ shape: t }: Value, { shape: p }: Value): boolean =>
  p.length >= 2 && p.at(-1) !== 1 && (t.length === p.length - 1 || (t.length === p.length && t.at(-1) === 1));

/** Targets with the dtype and the shape of the prediction. Errors: `shape-mismatch`. */
export function denseTarget(what: string, target: Value, prediction: Value): Value {
  const aligned = alignTarget(target, prediction);
  if (aligned) return aligned;
  const want = `targets of shape ${showShape(prediction.shape)}`;
  throw targetMismatch(target, prediction, { what, want, fix: 'Compare things that have equal shapes.' });
}

/** The class number of each prediction, int64: given, or the place of the largest target. Errors: `shape-mismatch`. */
export function classTarget(what: string, target: Value, prediction: Value): Value {
  if (!isSparse(target, prediction)) return argMax(denseTarget(what, target, prediction));
  const labels = alignLabels(target, prediction);
  if (labels) return cast(labels, 'int64');
  const want = `class numbers of shape ${showShape(prediction.shape.slice(0, -1))}`;
  throw targetMismatch(target, prediction, { what, want, fix: 'Give one class number for each prediction.' });
}

/** One-hot targets, also where class numbers are given. */
export const oneHotTarget = (what: string, target: Value, prediction: Value): Value =>
  isSparse(target, prediction)
    ? oneHot(classTarget(what, target, prediction), classesOf(what, prediction), { dtype: prediction.dtype })
    : denseTarget(what, target, prediction);

/** The number of classes: the size of the last axis. */
export function classesOf(what: string, { shape }: Value): number {
  const classes = shape.at(-1);
  if (shape.length >= 2 && typeof classes === 'number') return classes;
  throw fail('shape-mismatch', {
    what,
    got: `predictions ${showShape(shape)}`,
    want: 'a last axis with one entry for each class',
  });
}

/** 1 where `x` is above the threshold, else 0. */
export const above = (x: Value, threshold: number): Value => cast(greater(x, threshold), x.dtype);

/** The weight of each sample, with as many axes of size 1 as it needs to broadcast against `x`. */
const weightFor = (weight: Value, x: Value, dtype: DType): Value => {
  const typed = weight.dtype === dtype ? weight : cast(weight, dtype);
  return x.shape.length <= 1 ? typed : reshape(typed, [weight.shape[0]!, ...x.shape.slice(1).map(() => 1)]);
};

/** `x`, each sample times its weight. */
export const weighted = (x: Value, weight: Value | undefined): Value => (weight ? mul(x, weightFor(weight, x, x.dtype)) : x);

/** The weight of every element of `like`: that of its sample, or 1. */
export const weightsLike = (like: Value, weight: Value | undefined, dtype: DType = like.dtype): Value =>
  expandLike(weight ? weightFor(weight, like, dtype) : constant(full([], 1, dtype)), like);
