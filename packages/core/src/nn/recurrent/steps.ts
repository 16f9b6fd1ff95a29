// Sequences are [batch, steps, ...] outside; loops over steps want [steps, batch, ...]. As with layout.ts, what a value is a view of
// is remembered, so that stacked layers transpose nothing between them and turning a sequence round twice costs nothing.
import type { Value } from '../../graph/index.ts';
import { slice, transpose } from '../../ops/index.ts';

/** Steps-first forms of values, or how to make them. */
const stepsFirsts = new WeakMap<Value, Value | (() => Value)>();
const turned = new WeakMap<Value, Value>();

const swapped = (x: Value): Value =>
  transpose(
    x,
    x.shape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis)),
  );

/** `[batch, steps, ...] -> [steps, batch, ...]`. */
export function stepsFirst(x: Value): Value {
  const known = stepsFirsts.get(x) ?? (() => swapped(x));
  if (typeof known !== 'function') return known;
  const y = known();
  stepsFirsts.set(x, y);
  return y;
}

/** `[steps, batch, ...] -> [batch, steps, ...]`. */
export function batchFirst(x: Value): Value {
  const y = swapped(x);
  stepsFirsts.set(y, x);
  return y;
}

/** What looks things up by `[batch, steps]` ids gives the steps first at no cost, where that is asked for: the ids are transposed. */
export function lookUpSteps(ids: Value, lookUp: (ids: Value) => Value): Value {
  const y = lookUp(ids);
  if (ids.shape.length === 2) stepsFirsts.set(y, () => lookUp(transpose(ids)));
  return y;
}

/** Applies what does not care about the order of axes on the steps-first forms of all inputs, where they are there. */
export function alongSteps(inputs: readonly Value[], apply: (inputs: readonly Value[]) => Value): Value {
  const forms = inputs.map((x) => stepsFirsts.get(x));
  const there = forms.every((form) => typeof form === 'object' && form.shape.length === inputs[0]!.shape.length);
  return there ? batchFirst(apply(forms as Value[])) : apply(inputs);
}

/** The steps of `[batch, steps, ...]` in the opposite order. */
export function reverseSteps(x: Value): Value {
  const source = turned.get(x);
  if (source) return source;
  const y = slice(x, { starts: [-1], ends: [-Infinity], axes: [1], steps: [-1] });
  turned.set(y, x);
  return y;
}
