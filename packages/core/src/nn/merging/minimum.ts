import { min } from '../../ops/index.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { merging } from './merging.ts';

const layer = merging('Minimum', (inputs) => inputs.reduce((a, b) => min(a, b)));

/**
 * The smallest of two or more values, elementwise. Values that are equal share the gradient. The output has the steps that are real
 * in all inputs that have a mask.
 *
 * Shapes: any that broadcast; a value with fewer axes gets axes of size 1 behind the batch. Errors: `shape-mismatch`.
 * Source: Keras Minimum.
 *
 * @example
 * import { dense, input, minimum } from '@stratus/core';
 * const x = input({ shape: [8] });
 * console.log(minimum()([dense({ units: 3 })(x), dense({ units: 3 })(x)]).shape); // ['batch', 3]
 */
export const minimum = (options: LayerOptions = {}): Layer => layer(options);
