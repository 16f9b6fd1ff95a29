import { fail } from '../../errors.ts';
import { add, gather, slice } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import type { InitializerLike } from '../init/index.ts';
import { defineLayer } from '../layer.ts';
import { sequenceOf } from '../sequence-input.ts';
import { positionsAlong } from './positions.ts';
import { tokenIds } from './token-ids.ts';

/** Options of {@link positionEmbedding}. */
export interface PositionEmbeddingOptions {
  /** The longest sequence that it can take. */
  readonly maxLength: number;
  /** 'glorotUniform' unless told. */
  readonly embeddingsInitializer?: InitializerLike;
}

/**
 * Adds to each step of a sequence a vector for its position, which is learned: `y[b, t] = x[b, t] + embeddings[t]`.
 *
 * Shapes: `[batch, steps, width] -> [batch, steps, width]`; parameter `embeddings [maxLength, width]`; keeps the mask.
 * Errors: `shape-mismatch` for a sequence longer than `maxLength`; where the length is known only at run time, `index-range` then.
 * Source: Gehring et al. 2017; KerasHub PositionEmbedding, which leaves the addition to the caller.
 *
 * @example
 * import { input, positionEmbedding } from '@stratus/core';
 * console.log(positionEmbedding({ maxLength: 512 })(input({ shape: [128, 64] })).shape); // ['batch', 128, 64]
 */
export const positionEmbedding = defineLayer<PositionEmbeddingOptions>({
  type: 'PositionEmbedding',
  check: ({ maxLength }) => checkOptions('PositionEmbedding', { maxLength }, { maxLength: 'count' }),
  build({ maxLength, embeddingsInitializer = 'glorotUniform' }, [x], scope) {
    const { steps, width } = sequenceOf('PositionEmbedding', x!);
    if (typeof steps === 'number' && steps > maxLength)
      throw fail('shape-mismatch', {
        what: 'PositionEmbedding',
        got: `a sequence of ${steps} steps`,
        want: `at most maxLength = ${maxLength}`,
        fix: 'Raise maxLength, or cut the sequences.',
      });
    const table = scope.parameter('embeddings', [maxLength, width], { initializer: embeddingsInitializer });
    if (steps === maxLength) return add(x!, table);
    // Positions that have been through tokenIds: of plain ones ONNX Runtime makes a Slice, which does not tell that the table ends.
    if (typeof steps === 'string') return add(x!, gather(table, tokenIds('PositionEmbedding', positionsAlong(x!, 1), maxLength)));
    return add(x!, slice(table, { starts: [0], ends: [steps], axes: [0] }));
  },
  mask: 'pass',
});
