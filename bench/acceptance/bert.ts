// BERT: as many parameters as the paper's base; a small one learns to guess hidden words, and then to judge reviews. That a tiny one
// equals PyTorch's, values and gradients, is in the tests (examples/zoo/bert.test.ts).
import { bertBase, buildBert, train } from '../../examples/zoo/bert.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';
import { parameterRow } from '../shared/parameters.ts';

export const run: Run = async (context) => {
  const runs = await overSeeds(
    async (options) => {
      const figures = await train(options);
      return { ...figures, share: figures.lossAfter / figures.lossBefore };
    },
    [1, 2, 3],
    context,
  );
  return [
    parameterRow('bert: parameters of the base, off by', buildBert(bertBase), 109_482_240),
    row(runs, { name: 'bert: loss of guessing, after / before', figure: 'share', target: 0.8, better: 'lower', unit: 'ratio' }),
    row(runs, { name: 'bert: accuracy on IMDB, fine-tuned', figure: 'accuracy', target: 0.8 }),
  ];
};
