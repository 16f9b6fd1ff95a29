import type { Value } from '../graph/index.ts';
import { cast } from '../ops/index.ts';
import { alignLabels, alignTarget, targetMismatch } from '../targets/index.ts';
import { showShape } from '../tensor/index.ts';

/** Targets with the dtype and the shape of the prediction. Errors: `shape-mismatch`. */
export function denseTarget(what: string, target: Value, prediction: Value): Value {
  const aligned = alignTarget(target, prediction);
  if (aligned) return aligned;
  const fix = alignLabels(target, prediction)
    ? 'If the targets are class numbers, use sparseCategoricalCrossentropy; if not, give the last layer as many units as a target has.'
    : 'Give the last layer as many units as a target has.';
  throw targetMismatch(target, prediction, { what, want: `targets of shape ${showShape(prediction.shape)}`, fix });
}

/** Class numbers: integers, one axis fewer than the prediction. Errors: `shape-mismatch`. */
export function classTarget(what: string, target: Value, prediction: Value): Value {
  const labels = alignLabels(target, prediction);
  if (labels) return labels.dtype === 'int32' || labels.dtype === 'int64' ? labels : cast(labels, 'int32');
  const fix = alignTarget(target, prediction)
    ? 'For one-hot targets use categoricalCrossentropy.'
    : 'Give one class number for each prediction.';
  throw targetMismatch(target, prediction, {
    what,
    want: `class numbers of shape ${showShape(prediction.shape.slice(0, -1))}`,
    fix,
  });
}
