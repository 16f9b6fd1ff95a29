import { equal, gather, not } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import type { InitializerLike } from '../init/index.ts';
import { defineLayer } from '../layer.ts';
import { lookUpSteps } from '../recurrent/steps.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import { tokenIds } from './token-ids.ts';

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** Size of the vocabulary: ids are 0 to `inputDim - 1`. */
  readonly inputDim: number;
  /** Size of the vector that each id becomes. */
  readonly outputDim: number;
  /** 'randomUniform' (-0.05 to 0.05) unless told. */
  readonly embeddingsInitializer?: InitializerLike;
  readonly embeddingsRegularizer?: RegularizerLike;
  /** Takes id 0 for padding: layers that follow are told to leave those steps out. */
  readonly maskZero?: boolean;
  /**
   * A step of training updates only the rows that its batch has read, and neither gradient nor update of the others is calculated: faster
   * where the table is large beside the batch, and without a second copy of it. Rows that were not read keep what the optimizer remembers of
   * them as well: with momentum, Adam and the like that is another calculation than the dense one, `torch.optim.SparseAdam`'s; plain SGD gives
   * the same numbers. False unless told.
   */
  readonly sparse?: boolean;
}

/**
 * Looks up a vector for each token id: `y[b, t] = embeddings[x[b, t]]`.
 *
 * Shapes: whole numbers `[batch, ...] -> [batch, ..., outputDim]`; parameter `embeddings [inputDim, outputDim]`. With `maskZero` the
 * mask is true where the id is not 0. Errors: `dtype-mismatch` unless the input is of whole numbers; at run time `index-range` for
 * ids below 0 or from `inputDim` on; at `compile` `bad-value` for `sparse` together with weight decay of the table, gradient accumulation, moving
 * averages, or whatever else reads all of the table (a regularizer). Source: Keras Embedding, torch.nn.Embedding (`sparse` is PyTorch's).
 *
 * @example
 * import { embedding, input } from '@stratus/core';
 * const tokens = input({ shape: [200], dtype: 'int32' });
 * console.log(embedding({ inputDim: 20000, outputDim: 100 })(tokens).shape); // ['batch', 200, 100]
 */
export const embedding = defineLayer<EmbeddingOptions>({
  type: 'Embedding',
  check({ inputDim, outputDim, maskZero = false, sparse = false }) {
    const rules = { inputDim: 'count', outputDim: 'count', maskZero: 'flag', sparse: 'flag' } as const;
    checkOptions('Embedding', { inputDim, outputDim, maskZero, sparse }, rules);
  },
  build({ inputDim, outputDim, embeddingsInitializer = 'randomUniform', embeddingsRegularizer, sparse }, [x], scope) {
    const ids = tokenIds('Embedding', x!, inputDim);
    const table = scope.parameter('embeddings', [inputDim, outputDim], {
      initializer: embeddingsInitializer,
      regularizer: embeddingsRegularizer,
      sparse,
    });
    return lookUpSteps(ids, (at) => gather(table, at));
  },
  mask: ({ maskZero = false }, [x]) => (maskZero ? not(equal(x!, 0)) : undefined),
});
