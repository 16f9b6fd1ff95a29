import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { cast, reshapeLike, squeeze } from '../ops/index.ts';
import { type Shape, showShape } from '../tensor/index.ts';

// A name may turn out to be any size; two sizes that are known must agree. Broadcasting would hide a mistake here:
// [batch] against [batch, 1] gives [batch, batch].
const fits = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i] || typeof d === 'string' || typeof b[i] === 'string');

/** Targets with the dtype and the shape of the prediction; a last axis of size 1 may be missing, or too many. Undefined if they do not fit. */
export function alignTarget(target: Value, prediction: Value): Value | undefined {
  const typed = target.dtype === prediction.dtype ? target : cast(target, prediction.dtype);
  const [t, p] = [target.shape, prediction.shape];
  if (fits(t, p)) return typed;
  return fits([...t, 1], p) || fits(t, [...p, 1]) ? reshapeLike(typed, prediction) : undefined;
}

/** Class numbers: one axis fewer than the prediction; a last axis of size 1 is dropped. Undefined if they do not fit. */
export function alignLabels(target: Value, prediction: Value): Value | undefined {
  const [t, want] = [target.shape, prediction.shape.slice(0, -1)];
  if (fits(t, want)) return target;
  return t.at(-1) === 1 && fits(t.slice(0, -1), want) ? squeeze(target, { axes: [-1] }) : undefined;
}

/** The error for targets that do not fit. */
export const targetMismatch = (
  target: Value,
  prediction: Value,
  details: { readonly what: string; readonly want: string; readonly fix: string },
): Error =>
  fail('shape-mismatch', {
    got: `targets ${showShape(target.shape)} for predictions ${showShape(prediction.shape)}`,
    ...details,
  });
