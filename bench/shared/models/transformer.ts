import { adam } from 'stratus';
import { buildImdbTransformer } from '../../../examples/zoo/imdb-transformer.ts';
import { reviews } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** The encoder of a Transformer over reviews of different lengths, as examples/zoo/imdb-transformer.ts trains it. */
export const stepModel: StepModel = {
  title: 'Transformer encoder on IMDB',
  batchSize: 32,
  target: 0.95,
  firstSteps: 4,
  data: () => reviews(16 * 32, { length: 256, vocabulary: 20_000, lengths: 'mixed' }),
  build: (executor) =>
    buildImdbTransformer({ executor }).compile({ optimizer: adam({ learningRate: 5e-4 }), loss: 'binaryCrossentropy' }),
  feeds: ({ x, y }) => ({ x: x!, y: y! }),
};
