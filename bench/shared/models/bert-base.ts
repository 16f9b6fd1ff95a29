import { adamw } from 'stratus';
import { bertBase, buildGuesser } from '../../../examples/zoo/bert.ts';
import { maskedTexts } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** BERT base guesses hidden words: two texts of 128 tokens a step, without dropout. */
export const stepModel: StepModel = {
  title: 'BERT base',
  batchSize: 2,
  target: 1,
  large: true,
  firstSteps: 1,
  data: () => maskedTexts(8, 128, bertBase.vocabulary),
  build: (executor) =>
    buildGuesser({ ...bertBase, dropout: 0 }, 128, { executor }).compile({
      optimizer: adamw({ learningRate: 1e-4, weightDecay: 0.01, excludeFromWeightDecay: ['bias', 'gamma', 'beta'] }),
      loss: { word: { type: 'sparseCategoricalCrossentropy', config: { fromLogits: true, ignoreClass: -1 } } },
    }),
  feeds: ({ tokens, segments, y }) => ({ x: { tokens: tokens!, segments: segments! }, y: y! }),
};
