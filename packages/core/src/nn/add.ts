import * as ops from '../ops/index.ts';
import { defineLayer, type Layer, type LayerOptions } from './layer.ts';

const layer = defineLayer<object>({ type: 'Add', inputs: 'many', build: (_, inputs) => inputs.reduce((a, b) => ops.add(a, b)) });

/**
 * Sum of two or more values, elementwise.
 *
 * Shapes: any that broadcast. Errors: `shape-mismatch`. Source: Keras Add.
 *
 * @example
 * import { add, dense, input } from '@stratus/core';
 * const x = input({ shape: [8] });
 * console.log(add()([x, dense({ units: 8 })(x)]).shape); // ['batch', 8]
 */
export const add = (options: LayerOptions = {}): Layer => layer(options);
