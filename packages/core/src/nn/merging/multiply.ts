import { mul } from '../../ops/index.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { merging } from './merging.ts';

const layer = merging('Multiply', (inputs) => inputs.reduce((a, b) => mul(a, b)));

/**
 * Product of two or more values, elementwise: gates, for example. The output has the steps that are real in all inputs that have
 * a mask.
 *
 * Shapes: any that broadcast; a value with fewer axes gets axes of size 1 behind the batch. Errors: `shape-mismatch`.
 * Source: Keras Multiply.
 *
 * @example
 * import { dense, input, multiply } from '@stratus/core';
 * const x = input({ shape: [8] });
 * console.log(multiply()([x, dense({ units: 8, activation: 'sigmoid' })(x)]).shape); // ['batch', 8]
 */
export const multiply = (options: LayerOptions = {}): Layer => layer(options);
