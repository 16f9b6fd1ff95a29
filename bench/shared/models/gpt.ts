import { adamw } from 'stratus';
import { buildCharGpt, type CharGptSizes } from '../../../examples/zoo/char-gpt.ts';
import { textPieces } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** A GPT of these sizes; AdamW with nanoGPT's settings, gradients clipped to a norm of 1. */
export const gpt = ({
  sizes,
  batches,
  batchSize,
  ...rest
}: Pick<StepModel, 'title' | 'target' | 'large' | 'batchSize' | 'firstSteps'> & {
  readonly sizes: CharGptSizes & { readonly block: number };
  /** Batches in memory. */
  readonly batches: number;
}): StepModel => ({
  ...rest,
  batchSize,
  data: () => textPieces(batches * batchSize, sizes.block, sizes.vocabulary),
  build: (executor) =>
    buildCharGpt({ ...sizes, executor }).compile({
      optimizer: adamw({
        learningRate: 1e-3,
        beta2: 0.99,
        weightDecay: 0.1,
        excludeFromWeightDecay: ['gamma', 'beta', 'bias'],
        globalClipNorm: 1,
      }),
      loss: { next: { type: 'sparseCategoricalCrossentropy', config: { fromLogits: true } } },
    }),
  feeds: ({ x, y }) => ({ x: x!, y: y! }),
});
