// The encoder of a Transformer on IMDB.
import { train } from '../../examples/zoo/imdb-transformer.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  return [row(runs, { name: 'imdb-transformer: test accuracy', figure: 'accuracy', target: 0.87 })];
};
