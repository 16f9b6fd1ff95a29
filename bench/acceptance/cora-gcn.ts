// Kipf and Welling's graph network on Cora with the public split: 0.815 in the paper.
import { train } from '../../examples/zoo/cora-gcn.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], context);
  return [
    row(runs, {
      name: 'cora-gcn: accuracy on the test papers',
      figure: 'accuracy',
      target: 0.81,
      of: 'mean',
      detail: 'paper: 0.815',
    }),
  ];
};
