// What metrics share: samples, their weights and their targets.
import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { argMax, cast, expandLike, greater, mul, oneHot, reduceMean, reshape, reshapeLike, squeeze } from '../ops/index.ts';
import { type DType, full, type Shape, showShape } from '../tensor/index.ts';

const fits = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i] || typeof d === 'string' || typeof b[i] === 'string');

const mismatch = (what: string, target: Value, prediction: Value, want: string, fix: string): Error =>
  fail('shape-mismatch', {
    what,
    got: `targets ${showShape(target.shape)} for predictions ${showShape(prediction.shape)}`,
    want,
    fix,
  });

/** True if targets are class numbers: one axis fewer than the predictions, or a last axis of size 1 where they have more. */
export const isSparse = ({ shape: t }: Value, { shape: p }: Value): boolean =>
  p.length >= 2 && p.at(-1) !== 1 && (t.length === p.length - 1 || (t.length === p.length && t.at(-1) === 1));

/** Targets with the dtype and the shape of the prediction; a last axis of size 1 may be missing, or too many. */
export function denseTarget(what: string, target: Value, prediction: Value): Value {
  const typed = target.dtype === prediction.dtype ? target : cast(target, prediction.dtype);
  const [t, p] = [target.shape, prediction.shape];
  if (fits(t, p)) return typed;
  if (fits([...t, 1], p) || fits(t, [...p, 1])) return reshapeLike(typed, prediction);
  throw mismatch(what, target, prediction, `targets of shape ${showShape(p)}`, 'Compare things that have equal shapes.');
}

/** The class number of each prediction, int64: given, or the place of the largest target. */
export function classTarget(what: string, target: Value, prediction: Value): Value {
  const [t, p] = [target.shape, prediction.shape];
  if (!isSparse(target, prediction)) return argMax(denseTarget(what, target, prediction));
  const labels = t.length === p.length ? squeeze(target, { axes: [-1] }) : target;
  if (fits(labels.shape, p.slice(0, -1))) return labels.dtype === 'int64' ? labels : cast(labels, 'int64');
  throw mismatch(
    what,
    target,
    prediction,
    `class numbers of shape ${showShape(p.slice(0, -1))}`,
    'Give one class number for each prediction.',
  );
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

/** The mean over all axes but the first: one figure a sample. */
export const perSample = (x: Value): Value =>
  x.shape.length <= 1 ? x : reduceMean(x, { axes: x.shape.slice(1).map((_, i) => i + 1) });

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
