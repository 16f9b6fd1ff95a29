import { adam, losses } from 'stratus';
import { buildCoraGcn } from '../../../examples/zoo/cora-gcn.ts';
import { citations } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

/** Kipf's graph network on a graph of Cora's size, as examples/zoo/cora-gcn.ts trains it: a step is the whole graph. */
export const stepModel: StepModel = {
  title: 'GCN on Cora',
  batchSize: 1,
  target: 1,
  firstSteps: 8,
  data: citations,
  build: (executor) =>
    buildCoraGcn({ nodes: 2708, features: 1433, classes: 7, executor }).compile({
      optimizer: adam({ learningRate: 0.01 }),
      loss: { subject: losses.sparseCategoricalCrossentropy({ fromLogits: true, ignoreClass: -1 }) },
    }),
  feeds: ({ words, citations: edges, y }) => ({ x: { words: words!, citations: edges! }, y: y! }),
};
