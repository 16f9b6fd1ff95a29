// A residual model of two LSTM layers on IMDB, built with the functional API.
import { train } from '../../examples/zoo/imdb-functional.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  return [row(runs, { name: 'imdb-functional: test accuracy', figure: 'accuracy', target: 0.85 })];
};
