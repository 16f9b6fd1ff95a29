import { sgd } from 'stratus';
import { buildCifarCnn } from '../../../examples/zoo/cifar-cnn.ts';
import { pictures } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** The mission's CNN, as examples/zoo/cifar-cnn.ts trains it. */
export const stepModel: StepModel = {
  title: 'CNN on CIFAR-10',
  batchSize: 128,
  target: 1,
  firstSteps: 4,
  data: () => pictures(16 * 128),
  build: (executor) =>
    buildCifarCnn({ executor }).compile({
      optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
      loss: 'sparseCategoricalCrossentropy',
    }),
  feeds: ({ x, y }) => ({ x: x!, y: y! }),
};
