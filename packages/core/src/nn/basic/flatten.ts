import { reshape } from '../../ops/index.ts';
import { productOf } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';

const layer = defineLayer<object>({
  type: 'Flatten',
  build: (_, [x]) => reshape(x!, [x!.shape[0]!, productOf(x!.shape.slice(1))]),
});

/**
 * All axes but the batch in one.
 *
 * Shapes: `[batch, a, b, ...] -> [batch, a * b * ...]`. Source: Keras Flatten.
 *
 * @example
 * import { flatten, input } from '@stratus/core';
 * console.log(flatten()(input({ shape: [28, 28] })).shape); // ['batch', 784]
 */
export const flatten = (options: LayerOptions = {}): Layer => layer(options);
