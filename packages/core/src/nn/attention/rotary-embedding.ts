import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { add, concat, cos, mul, neg, reshape, sin, split } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { isFloat, showShape } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { anglesAlong } from './positions.ts';

/** Options of {@link rotaryEmbedding}. */
export interface RotaryEmbeddingOptions {
  /** The slowest pair of features turns once in this many steps, times 2π; 10,000 unless told. */
  readonly maxWavelength?: number;
}

/**
 * Turns each pair of features `(i, i + width / 2)` by an angle that grows with the position along `axis`, so that products of two
 * turned vectors depend on their distance alone.
 *
 * Shapes: `S -> S`, the last axis even. Source: Su et al. 2021 (RoFormer), with the pairs of GPT-NeoX and Llama.
 */
export function rotate(
  x: Value,
  { axis, maxWavelength = 10000 }: { readonly axis: number; readonly maxWavelength?: number | undefined },
): Value {
  const rank = x.shape.length;
  const width = x.shape[rank - 1];
  if (typeof width !== 'number' || width % 2 !== 0 || !isFloat(x.dtype))
    throw fail('shape-mismatch', {
      what: 'RotaryEmbedding',
      got: `${x.dtype} ${showShape(x.shape)}`,
      want: 'floats with an even number of features on the last axis',
      fix: 'Use an even keyDim.',
    });
  const angles = anglesAlong(x, axis, { width, maxWavelength });
  const [s, c] = [sin(angles), cos(angles)];
  const along = [x.shape[axis]!, ...Array<number>(rank - axis - 2).fill(1), width];
  const [first, second] = split(x, [width / 2, width / 2], { axis: rank - 1 });
  // (a, b) -> (a cos - b sin, b cos + a sin)
  return add(
    mul(x, reshape(concat([c, c], { axis: 1 }), along)),
    mul(concat([second!, first!], { axis: rank - 1 }), reshape(concat([neg(s), s], { axis: 1 }), along)),
  );
}

const layer = defineLayer<RotaryEmbeddingOptions>({
  type: 'RotaryEmbedding',
  check: ({ maxWavelength = 10000 }) => checkOptions('RotaryEmbedding', { maxWavelength }, { maxWavelength: 'positive' }),
  build({ maxWavelength }, [x]) {
    if (x!.shape.length < 3)
      throw fail('shape-mismatch', { what: 'RotaryEmbedding', got: showShape(x!.shape), want: '[batch, steps, ..., width]' });
    return rotate(x!, { axis: 1, maxWavelength });
  },
  mask: 'pass',
});

/**
 * Turns features by their position, so that products of queries and keys depend on distance alone. Part of
 * `multiHeadAttention({ rotary: true })`; as a layer for attention of your own.
 *
 * Shapes: `[batch, steps, ..., width] -> ` the same, width even; keeps the mask. Errors: `shape-mismatch`, `bad-value`.
 * Source: Su et al. 2021 (RoFormer), with the pairs of GPT-NeoX and Llama; KerasHub RotaryEmbedding.
 *
 * @example
 * import { input, rotaryEmbedding } from '@stratus/core';
 * console.log(rotaryEmbedding()(input({ shape: ['time', 4, 16] })).shape); // ['batch', 'time', 4, 16]
 */
export const rotaryEmbedding = (options: RotaryEmbeddingOptions & LayerOptions = {}): Layer => layer(options);
