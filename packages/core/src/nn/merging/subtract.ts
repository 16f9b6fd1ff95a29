import { sub } from '../../ops/index.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { merging } from './merging.ts';

const layer = merging('Subtract', ([a, b]) => sub(a!, b!), [2, 2]);

/**
 * The first of two values less the second, elementwise. The output has the steps that are real in all inputs that have a mask.
 *
 * Shapes: any that broadcast; a value with fewer axes gets axes of size 1 behind the batch.
 * Errors: `bad-value` for other than two inputs, `shape-mismatch`. Source: Keras Subtract.
 *
 * @example
 * import { input, subtract } from '@stratus/core';
 * console.log(subtract()([input({ shape: [8] }), input({ shape: [8] })]).shape); // ['batch', 8]
 */
export const subtract = (options: LayerOptions = {}): Layer => layer(options);
