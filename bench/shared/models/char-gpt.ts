import { adamw } from 'stratus';
import { buildCharGpt } from '../../../examples/zoo/char-gpt.ts';
import { textPieces } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** NanoGPT's setting for a CPU, as examples/zoo/char-gpt.ts trains it, with a learning rate that stays. */
export const stepModel: StepModel = {
  title: 'char-GPT',
  batchSize: 12,
  target: 1.1,
  firstSteps: 4,
  data: () => textPieces(32 * 12, 64, 65),
  build: (executor) =>
    buildCharGpt({ vocabulary: 65, executor }).compile({
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
};
