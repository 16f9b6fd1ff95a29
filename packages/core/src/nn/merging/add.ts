import * as ops from '../../ops/index.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { merging } from './merging.ts';

const layer = merging('Add', (inputs) => inputs.reduce((a, b) => ops.add(a, b)));

/**
 * Sum of two or more values, elementwise. The output has the steps that are real in all inputs that have a mask.
 *
 * Shapes: any that broadcast; a value with fewer axes gets axes of size 1 behind the batch. Errors: `shape-mismatch`.
 * Source: Keras Add.
 *
 * @example
 * import { add, dense, input } from '@stratus/core';
 * const x = input({ shape: [8] });
 * console.log(add()([x, dense({ units: 8 })(x)]).shape); // ['batch', 8]
 */
export const add = (options: LayerOptions = {}): Layer => layer(options);
