import { adam, dense, embedding, gru, input, sequential } from 'stratus';
import { reviews } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** One GRU layer of 100 units over 200 words. */
export const stepModel: StepModel = {
  title: 'GRU, one layer',
  batchSize: 128,
  target: 0.9,
  firstSteps: 2,
  data: () => reviews(8 * 128, { length: 200, vocabulary: 20_000, lengths: 'full' }),
  build: (executor) =>
    sequential(
      [
        input({ shape: [200], dtype: 'int32' }),
        embedding({ inputDim: 20_000, outputDim: 100 }),
        gru({ units: 100 }),
        dense({ units: 1, activation: 'sigmoid' }),
      ],
      { executor },
    ).compile({ optimizer: adam(), loss: 'binaryCrossentropy' }),
  feeds: ({ x, y }) => ({ x: x!, y: y! }),
};
