// A small residual network on CIFAR-10 that reaches what two cores can in twenty minutes.
import { train } from '../../examples/zoo/cifar-best.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  return [
    row(runs, { name: 'cifar-best: test accuracy', figure: 'accuracy', target: 0.85 }),
    row(runs, { name: 'cifar-best: training', figure: 'minutes', target: 20, better: 'lower', unit: 'min' }),
  ];
};
