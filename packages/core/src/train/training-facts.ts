import { sizeOf } from '../tensor/index.ts';
import type { TrainingFacts } from './callbacks/index.ts';
import type { Training } from './fit.ts';
import type { Machine } from './machine.ts';

const count = (parameters: Machine['parameters']): number => parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** What a training is made of, as it was declared. */
export function factsOf({ machine, source, checkpoint, resume }: Training): TrainingFacts {
  const { parameters, architecture, seed } = machine;
  return {
    model: architecture.name,
    parameters: { trainable: count(parameters.filter(({ trainable }) => trainable)), all: count(parameters) },
    compile: machine.needPlan('fit').config,
    seed,
    samples: source.samples,
    shuffled: source.shuffled,
    checkpoint: checkpoint?.directory,
    resumed: resume,
  };
}
