// Kim 2014, CNN-rand on rt-polarity: 0.761 in the paper, over ten folds. Here: a tenth is the test, another one for each seed.
import { train } from '../../examples/zoo/textcnn.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  return [
    row(runs, { name: 'textcnn: accuracy on a tenth of rt-polarity', figure: 'accuracy', target: 0.75, detail: 'paper: 0.761' }),
  ];
};
