// Channels-last outside, channels-first inside. ONNX's kernels want channels first; people who come from Keras have them last. A
// layer takes its input channels-first and gives its output channels-last again; where the next layer undoes that at once, nothing
// is transposed, because what a value is a view of is remembered.
import type { Value } from '../graph/index.ts';
import { transpose } from '../ops/index.ts';

/** Channels-last values, and the channels-first values that they were made of. */
const firsts = new WeakMap<Value, Value>();

/** `[batch, ..., channels] -> [batch, channels, ...]`. */
export function channelsFirst(x: Value): Value {
  const last = x.shape.length - 1;
  return (
    firsts.get(x) ??
    transpose(
      x,
      x.shape.map((_, axis) => (axis === 0 ? 0 : axis === 1 ? last : axis - 1)),
    )
  );
}

/** `[batch, channels, ...] -> [batch, ..., channels]`. */
export function channelsLast(x: Value): Value {
  const last = x.shape.length - 1;
  const y = transpose(
    x,
    x.shape.map((_, axis) => (axis === 0 ? 0 : axis === last ? 1 : axis + 1)),
  );
  firsts.set(y, x);
  return y;
}

/** Applies what does not care about the order of axes, without breaking a chain of channels-first work. */
export function elementwise(inputs: readonly Value[], apply: (inputs: readonly Value[]) => Value): Value {
  const views = inputs.map((x) => firsts.get(x));
  const rank = inputs[0]!.shape.length;
  const all = views.every((view) => view !== undefined && view.shape.length === rank);
  return all ? channelsLast(apply(views as Value[])) : apply(inputs);
}
