// The encoder and decoder of a Transformer learn to sort; an answer counts when every symbol of it is right.
import { train } from '../../examples/zoo/seq2seq.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  return [row(runs, { name: 'seq2seq: exact answers', figure: 'exact', target: 0.99 })];
};
