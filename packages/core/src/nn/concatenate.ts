import { concat } from '../ops/index.ts';
import { defineLayer, type Layer, type LayerOptions } from './layer.ts';

/** Options of {@link concatenate}. */
export interface ConcatenateOptions {
  /** -1 (the last) unless told. */
  readonly axis?: number;
}

const layer = defineLayer<ConcatenateOptions>({
  type: 'Concatenate',
  inputs: 'many',
  build: ({ axis = -1 }, inputs) => concat(inputs, { axis }),
});

/**
 * Joins two or more values along one axis.
 *
 * Shapes: equal but for `axis`, where sizes add up. Errors: `shape-mismatch`. Source: Keras Concatenate.
 *
 * @example
 * import { concatenate, input } from '@stratus/core';
 * console.log(concatenate()([input({ shape: [3] }), input({ shape: [4] })]).shape); // ['batch', 7]
 */
export const concatenate = (options: ConcatenateOptions & LayerOptions = {}): Layer => layer(options);
