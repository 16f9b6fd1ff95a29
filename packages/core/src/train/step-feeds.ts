import { foldIn, type RandomKey, randomKey, type Tensor, tensor } from '../tensor/index.ts';
import { type MeasuringGraph, names, type TrainingGraph } from './graphs.ts';
import type { Plan } from './plan.ts';

/** Salts of a run's key: what is drawn for what. */
const salts = { step: 1, shuffle: 2 } as const;

/** The key that shuffles epochs. */
export const shuffleKey = (seed: number): RandomKey => foldIn(randomKey(seed), salts.shuffle);

/** The keys of what a step draws: of each batch others. */
export function keyFeeds(graph: MeasuringGraph, seed: number, batch: number): Record<string, Tensor> {
  if (graph.keys.length === 0) return {};
  const key = foldIn(foldIn(randomKey(seed), salts.step), batch);
  return Object.fromEntries(graph.keys.map(({ name, salt }) => [name, tensor(Uint32Array.from(foldIn(key, salt)))]));
}

const scalar = (value: number): Tensor => tensor(Float32Array.of(value), { shape: [] });

/** The learning rate and what else the optimizer counts for the update of this number, from 1. Nothing where gradients are only collected. */
export function scalarFeeds(plan: Plan, graph: TrainingGraph, learningRate: number, update: number): Record<string, Tensor> {
  if (!graph.updating) return {};
  const values = plan.optimizer.scalars(update);
  return {
    [names.learningRate]: scalar(learningRate),
    ...Object.fromEntries(graph.scalars.map((name) => [names.scalar(name), scalar(values[name]!)])),
  };
}
