// One layer: a perceptron on iris and on 8x8 digits, and linear regression beside its closed form.
import { train } from '../../examples/zoo/perceptron.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(train, [1, 2, 3], context);
  return [
    row(runs, { name: 'perceptron: accuracy on iris', figure: 'iris', target: 0.95 }),
    row(runs, { name: 'perceptron: accuracy on digits', figure: 'digits', target: 0.94 }),
    row(runs, {
      name: 'perceptron: linear regression, off the closed form',
      figure: 'weightError',
      target: 1e-3,
      better: 'lower',
      unit: 'weight',
    }),
  ];
};
