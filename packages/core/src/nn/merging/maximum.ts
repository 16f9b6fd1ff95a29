import { max } from '../../ops/index.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { merging } from './merging.ts';

const layer = merging('Maximum', (inputs) => inputs.reduce((a, b) => max(a, b)));

/**
 * The largest of two or more values, elementwise. Values that are equal share the gradient. The output has the steps that are real
 * in all inputs that have a mask.
 *
 * Shapes: any that broadcast; a value with fewer axes gets axes of size 1 behind the batch. Errors: `shape-mismatch`.
 * Source: Keras Maximum.
 *
 * @example
 * import { dense, input, maximum } from '@stratus/core';
 * const x = input({ shape: [8] });
 * console.log(maximum()([dense({ units: 3 })(x), dense({ units: 3 })(x)]).shape); // ['batch', 3]
 */
export const maximum = (options: LayerOptions = {}): Layer => layer(options);
