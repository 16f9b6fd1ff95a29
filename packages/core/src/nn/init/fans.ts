import { fail } from '../../errors.ts';
import { normalAxis, showShape } from '../../tensor/index.ts';

/** Which axes of a kernel count inputs and outputs. Both or neither. */
export interface FanAxes {
  /** Axes whose sizes multiply to the inputs of one unit. */
  readonly inputAxes?: readonly number[];
  /** Axes whose sizes multiply to the units that one input reaches. */
  readonly outputAxes?: readonly number[];
}

/**
 * How many inputs a unit has and how many units an input reaches. Without axes, a kernel is `[inputs, units]`, or
 * `[...window, inputs, units]` for a convolution; the window counts on both sides. Source: keras' compute_fans.
 */
export function fansOf(shape: readonly number[], { inputAxes, outputAxes }: FanAxes = {}): { fanIn: number; fanOut: number } {
  if (inputAxes && outputAxes) return { fanIn: product(shape, inputAxes), fanOut: product(shape, outputAxes) };
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = shape.slice(0, -2).reduce((n, d) => n * d, 1);
  return { fanIn: window * shape.at(-2)!, fanOut: window * shape.at(-1)! };
}

const product = (shape: readonly number[], axes: readonly number[]): number =>
  axes.reduce((n, axis) => {
    const at = normalAxis(axis, shape.length);
    if (at === undefined)
      throw fail('bad-value', {
        what: 'initializer',
        got: `axis ${axis} for shape ${showShape(shape)}`,
        want: 'an axis of the shape',
      });
    return n * shape[at]!;
  }, 1);
