import { fail } from '../../errors.ts';
import { equal, gather, not, transpose } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { isFloat, showShape } from '../../tensor/index.ts';
import { linear } from '../basic/linear.ts';
import { defineLayer } from '../layer.ts';
import type { EmbeddingOptions } from './embedding.ts';
import { tokenIds } from './token-ids.ts';

/** Options of {@link reversibleEmbedding}. */
export interface ReversibleEmbeddingOptions extends EmbeddingOptions {
  /** Adds a number for each token to the scores, as BERT does; false unless told. */
  readonly reverseBias?: boolean;
}

/**
 * One table for both ends of a language model (weight tying). Called on token ids it looks up their vectors, as `embedding` does;
 * called on vectors it gives the score of every token, `x embeddingsᵀ`.
 *
 * Shapes: whole numbers `[batch, ...] -> [batch, ..., outputDim]`; floats `[batch, ..., outputDim] -> [batch, ..., inputDim]`.
 * Parameters: `embeddings [inputDim, outputDim]`, with `reverseBias` also `reverse/bias [inputDim]`.
 * Errors: `shape-mismatch` for vectors of another size; at run time `index-range` for ids outside the vocabulary.
 * Source: Press and Wolf 2017; KerasHub ReversibleEmbedding.
 *
 * @example
 * import { dense, input, reversibleEmbedding } from '@stratus/core';
 * const tokens = reversibleEmbedding({ inputDim: 65, outputDim: 32 });
 * const x = dense({ units: 32 })(tokens(input({ shape: [64], dtype: 'int32' })));
 * console.log(tokens(x).shape); // ['batch', 64, 65]
 */
export const reversibleEmbedding = defineLayer<ReversibleEmbeddingOptions>({
  type: 'ReversibleEmbedding',
  check({ inputDim, outputDim, maskZero = false, reverseBias = false }) {
    checkOptions(
      'ReversibleEmbedding',
      { inputDim, outputDim, maskZero, reverseBias },
      { inputDim: 'count', outputDim: 'count', maskZero: 'flag', reverseBias: 'flag' },
    );
  },
  build(config, [x], scope) {
    const { inputDim, outputDim, embeddingsInitializer = 'randomUniform', embeddingsRegularizer, reverseBias = false } = config;
    const table = scope.parameter('embeddings', [inputDim, outputDim], {
      initializer: embeddingsInitializer,
      regularizer: embeddingsRegularizer,
    });
    if (!isFloat(x!.dtype)) return gather(table, tokenIds('ReversibleEmbedding', x!, inputDim));
    if (x!.shape[x!.shape.length - 1] !== outputDim)
      throw fail('shape-mismatch', {
        what: 'ReversibleEmbedding',
        got: `vectors ${showShape(x!.shape)}`,
        want: `[batch, ..., ${outputDim}], as outputDim says`,
        fix: 'Put dense({ units: outputDim }) before it.',
      });
    return linear(
      x!,
      transpose(table),
      reverseBias ? scope.parameter('reverse/bias', [inputDim], { initializer: 'zeros' }) : undefined,
    );
  },
  mask: ({ maskZero = false }, [x], [mask]) => (isFloat(x!.dtype) ? mask : maskZero ? not(equal(x!, 0)) : undefined),
});
