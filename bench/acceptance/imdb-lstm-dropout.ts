// Embedding 128, LSTM 128, dropout, LSTM 128 on IMDB, with Adam in batches of 32, and early stopping.
import { train } from '../../examples/zoo/imdb-lstm-dropout.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  return [row(runs, { name: 'imdb-lstm-dropout: test accuracy', figure: 'accuracy', target: 0.855 })];
};
