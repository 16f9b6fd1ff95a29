// Sequences are [batch, steps, ...] outside; loops over steps want [steps, batch, ...]. As with layout.ts, what a value is a view of
// is remembered, so that stacked layers transpose nothing between them and turning a sequence round twice costs nothing.
import type { Value } from '../graph/index.ts';
import { slice, transpose } from '../ops/index.ts';

const stepsFirsts = new WeakMap<Value, Value>();
const turned = new WeakMap<Value, Value>();

const swapped = (x: Value): Value =>
  transpose(
    x,
    x.shape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis)),
  );

/** `[batch, steps, ...] -> [steps, batch, ...]`. */
export const stepsFirst = (x: Value): Value => stepsFirsts.get(x) ?? swapped(x);

/** `[steps, batch, ...] -> [batch, steps, ...]`. */
export function batchFirst(x: Value): Value {
  const y = swapped(x);
  stepsFirsts.set(y, x);
  return y;
}

/** The steps of `[batch, steps, ...]` in the opposite order. */
export function reverseSteps(x: Value): Value {
  const source = turned.get(x);
  if (source) return source;
  const y = slice(x, { starts: [-1], ends: [-Infinity], axes: [1], steps: [-1] });
  turned.set(y, x);
  return y;
}
