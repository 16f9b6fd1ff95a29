import { fail } from '../../errors.ts';
import { add, mul } from '../../ops/index.ts';
import { isFloat } from '../../tensor/index.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { merging } from './merging.ts';

const layer = merging('Average', (inputs) => {
  const [{ dtype }] = inputs as [(typeof inputs)[number]];
  if (!isFloat(dtype))
    throw fail('dtype-mismatch', {
      what: 'Average',
      got: dtype,
      want: 'a float dtype',
      fix: 'Put rescaling({ scale: 1 }) before it.',
    });
  return mul(
    inputs.reduce((a, b) => add(a, b)),
    1 / inputs.length,
  );
});

/**
 * Mean of two or more values, elementwise: an ensemble in one model, for example. The output has the steps that are real in all
 * inputs that have a mask.
 *
 * Shapes: any that broadcast; a value with fewer axes gets axes of size 1 behind the batch.
 * Errors: `shape-mismatch`, `dtype-mismatch` for whole numbers. Source: Keras Average.
 *
 * @example
 * import { average, dense, input } from '@stratus/core';
 * const x = input({ shape: [8] });
 * console.log(average()([dense({ units: 3 })(x), dense({ units: 3 })(x)]).shape); // ['batch', 3]
 */
export const average = (options: LayerOptions = {}): Layer => layer(options);
