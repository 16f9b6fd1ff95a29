import { type Tensor, zeros } from '../tensor/index.ts';

type Tensors = Readonly<Record<string, Tensor>>;
/** What has weights: a model, or a training run as callbacks see it. */
type HasWeights = { setWeights(weights: Tensors): Promise<void> } & (
  | { getWeights(): Promise<Tensors> }
  | { weights(): Promise<Tensors> }
);

/**
 * Sets the states of all stateful layers to zero: the next batch begins a new sequence. Takes a model, or in a callback the run.
 *
 * Source: Keras Model.reset_states.
 *
 * @example
 * import { type Callback, input, lstm, resetStates, sequential } from '@stratus/core';
 * const model = sequential([input({ shape: [20, 8] }), lstm({ units: 4, stateful: true, batchSize: 2 })]);
 * await resetStates(model);
 * // or at the end of every epoch of a training: fit(x, y, { batchSize: 2, shuffle: false, callbacks: [fresh] })
 * const fresh: Callback = { onEpochEnd: (run) => resetStates(run) };
 */
export async function resetStates(of: HasWeights): Promise<void> {
  const weights = await ('getWeights' in of ? of.getWeights() : of.weights());
  const states = Object.entries(weights).filter(([name]) => /\/state[HC]$/.test(name));
  await of.setWeights(Object.fromEntries(states.map(([name, { shape, dtype }]) => [name, zeros(shape, dtype)])));
}
