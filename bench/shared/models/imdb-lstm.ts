import { adam } from 'stratus';
import { buildImdbLstm } from '../../../examples/zoo/imdb-lstm.ts';
import { reviews } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** The mission's two LSTM layers, as examples/zoo/imdb-lstm.ts trains them. */
export const stepModel: StepModel = {
  title: 'LSTM on IMDB',
  batchSize: 128,
  target: 0.9,
  firstSteps: 2,
  data: () => reviews(8 * 128, { length: 200, vocabulary: 20_000, lengths: 'full' }),
  build: (executor) => buildImdbLstm({ executor }).compile({ optimizer: adam(), loss: 'binaryCrossentropy' }),
  feeds: ({ x, y }) => ({ x: x!, y: y! }),
};
