import { fail } from '../errors.ts';
import { architecture, type InputValue, type Layer, type Symbolic } from '../nn/index.ts';
import { Model } from './model.ts';
import type { ModelOptions } from './options.ts';

/**
 * A model of layers one after another. The list begins with an input.
 *
 * Errors: `bad-graph`, `shape-mismatch` naming the layer. Source: Keras Sequential.
 *
 * @example
 * import { dense, flatten, input, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [28, 28] }), flatten(), dense({ units: 10, activation: 'softmax' })]);
 * console.log(net.summary());
 */
export function sequential(layers: readonly [InputValue, ...Layer[]], options: ModelOptions = {}): Model {
  const [first, ...rest] = layers;
  if (typeof first !== 'object' || first?.kind !== 'input')
    throw fail('bad-graph', {
      what: 'sequential',
      got: 'a list that begins with a layer',
      want: 'input({ shape: […] }) first',
      fix: 'Put input({ shape: [784] }) at its head.',
    });
  const output = rest.reduce<Symbolic>((value, layer) => layer(value), first);
  return new Model({
    architecture: architecture({ inputs: first, outputs: output, name: options.name ?? 'sequential' }),
    ...options,
  });
}
