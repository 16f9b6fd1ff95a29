import { add, concat, cos, reshape, sin, slice, unsqueeze } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { sequenceOf } from '../sequence-input.ts';
import { anglesAlong } from './positions.ts';

/** Options of {@link positionalEncoding}. */
export interface PositionalEncodingOptions {
  /** The slowest feature turns once in this many steps, times 2π; 10,000 unless told. */
  readonly maxWavelength?: number;
}

const layer = defineLayer<PositionalEncodingOptions>({
  type: 'PositionalEncoding',
  check: ({ maxWavelength = 10000 }) => checkOptions('PositionalEncoding', { maxWavelength }, { maxWavelength: 'positive' }),
  build({ maxWavelength = 10000 }, [x]) {
    const { width, steps } = sequenceOf('PositionalEncoding', x!);
    const angles = anglesAlong(x!, 1, { width, maxWavelength });
    const pairs = concat([unsqueeze(sin(angles), { axes: [2] }), unsqueeze(cos(angles), { axes: [2] })], { axis: 2 });
    const even = reshape(pairs, [steps, width + (width % 2)]);
    return add(x!, width % 2 === 0 ? even : slice(even, { starts: [0], ends: [width], axes: [1] }));
  },
  mask: 'pass',
});

/**
 * Adds to each step of a sequence what tells its position, without parameters: `sin(t / w^(2i / width))` to feature `2i` and the cosine
 * to feature `2i + 1`. For sequences of any length.
 *
 * Shapes: `[batch, steps, width] -> [batch, steps, width]`; keeps the mask. Errors: `shape-mismatch`, `dtype-mismatch`, `bad-value`.
 * Source: Vaswani et al. 2017, section 3.5; KerasHub SinePositionEncoding, which leaves the addition to the caller.
 *
 * @example
 * import { input, positionalEncoding } from '@stratus/core';
 * console.log(positionalEncoding()(input({ shape: ['time', 64] })).shape); // ['batch', 'time', 64]
 */
export const positionalEncoding = (options: PositionalEncodingOptions & LayerOptions = {}): Layer => layer(options);
