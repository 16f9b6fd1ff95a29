import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { cast, reshapeLike, squeeze } from '../ops/index.ts';
import { type Shape, showShape } from '../tensor/index.ts';

// A name may turn out to be any size; two sizes that are known must agree. Broadcasting would hide a mistake here:
// [batch] against [batch, 1] gives [batch, batch].
const fits = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i] || typeof d === 'string' || typeof b[i] === 'string');

const mismatch = (what: string, target: Value, prediction: Value, want: string, fix: string): Error =>
  fail('shape-mismatch', {
    what,
    got: `targets ${showShape(target.shape)} for predictions ${showShape(prediction.shape)}`,
    want,
    fix,
  });

/** Targets with the dtype and the shape of the prediction; a last axis of size 1 may be missing, or too many. */
export function alignTarget(what: string, target: Value, prediction: Value): Value {
  const typed = target.dtype === prediction.dtype ? target : cast(target, prediction.dtype);
  const [t, p] = [target.shape, prediction.shape];
  if (fits(t, p)) return typed;
  if (fits([...t, 1], p) || fits(t, [...p, 1])) return reshapeLike(typed, prediction);
  const labels = fits(t, p.slice(0, -1)) || (t.at(-1) === 1 && fits(t.slice(0, -1), p.slice(0, -1)));
  throw mismatch(
    what,
    target,
    prediction,
    `targets of shape ${showShape(p)}`,
    labels
      ? 'If the targets are class numbers, use sparseCategoricalCrossentropy; if not, give the last layer as many units as a target has.'
      : 'Give the last layer as many units as a target has.',
  );
}

/** Class numbers: integers, one axis fewer than the prediction; a last axis of size 1 is dropped. */
export function alignLabels(what: string, target: Value, prediction: Value): Value {
  const whole = target.dtype === 'int32' || target.dtype === 'int64' ? target : cast(target, 'int32');
  const [t, want] = [target.shape, prediction.shape.slice(0, -1)];
  if (fits(t, want)) return whole;
  if (t.at(-1) === 1 && fits(t.slice(0, -1), want)) return squeeze(whole, { axes: [-1] });
  throw mismatch(
    what,
    target,
    prediction,
    `class numbers of shape ${showShape(want)}`,
    fits(t, prediction.shape) ? 'For one-hot targets use categoricalCrossentropy.' : 'Give one class number for each prediction.',
  );
}
