import { add, cast, mul } from '../../ops/index.ts';
import { isFloat } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';
import { elementwise } from '../layout.ts';

/** Options of {@link rescaling}. */
export interface RescalingOptions {
  readonly scale: number;
  readonly offset?: number;
}

/**
 * Brings raw numbers to a range that trains well, inside the model, so that serving does the same: `y = x * scale + offset`.
 * Whole numbers become float32 first.
 *
 * Shapes: `S -> S`. Source: Keras Rescaling.
 *
 * @example
 * import { input, rescaling } from '@stratus/core';
 * const y = rescaling({ scale: 1 / 255 })(input({ shape: [28, 28], dtype: 'uint8' }));
 * console.log(y.dtype); // float32
 */
export const rescaling = defineLayer<RescalingOptions>({
  type: 'Rescaling',
  mask: 'pass',
  build: ({ scale, offset = 0 }, inputs) =>
    elementwise(inputs, ([x]) => {
      const scaled = mul(isFloat(x!.dtype) ? x! : cast(x!, 'float32'), scale);
      return offset === 0 ? scaled : add(scaled, offset);
    }),
});
