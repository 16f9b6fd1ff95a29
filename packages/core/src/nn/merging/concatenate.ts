import { constant, type Value } from '../../graph/index.ts';
import { concat, dimsOf, expandOp } from '../../ops/index.ts';
import { full } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { elementwise } from '../layout.ts';
import { jointMask } from './merging.ts';

/** Options of {@link concatenate}. */
export interface ConcatenateOptions {
  /** -1 (the last) unless told. */
  readonly axis?: number;
}

const layer = defineLayer<ConcatenateOptions>({
  type: 'Concatenate',
  inputs: 'many',
  build: ({ axis = -1 }, inputs) =>
    // The last axis of the inputs is the second of their channels-first views, and the others move back by one.
    elementwise(inputs, (values) => {
      const rank = values[0]!.shape.length;
      const at = axis < 0 ? axis + rank : axis;
      const moved = values === inputs || at <= 0 || at >= rank ? axis : at === rank - 1 ? 1 : at + 1;
      return concat(values, { axis: moved });
    }),
  mask({ axis = -1 }, inputs, masks) {
    const rank = inputs[0]!.shape.length;
    if ((axis < 0 ? axis + rank : axis) !== 1 || masks.every((mask) => mask === undefined)) return jointMask(masks);
    return concat(
      inputs.map((x, i) => masks[i] ?? allReal(x)),
      { axis: 1 },
    );
  },
});

/** A mask that has every step. */
const allReal = (x: Value): Value =>
  expandOp({ input: constant(full([1, 1], 1, 'bool')), shape: dimsOf(x.shape.slice(0, 2), x) }).output;

/**
 * Joins two or more values along one axis. Masks are joined along the steps (axis 1); along other axes a step is real that is so
 * in all inputs that have a mask.
 *
 * Shapes: equal but for `axis`, where sizes add up. Errors: `shape-mismatch`. Source: Keras Concatenate.
 *
 * @example
 * import { concatenate, input } from '@stratus/core';
 * console.log(concatenate()([input({ shape: [3] }), input({ shape: [4] })]).shape); // ['batch', 7]
 */
export const concatenate = (options: ConcatenateOptions & LayerOptions = {}): Layer => layer(options);
