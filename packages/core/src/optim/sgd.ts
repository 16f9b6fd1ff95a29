import { fail } from '../errors.ts';
import { add, mul } from '../ops/index.ts';
import { defineOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** Options of {@link sgd}. */
export interface SgdOptions extends OptimizerOptions {
  /** How much of the last direction is kept, from 0 to 1; 0 unless told. */
  readonly momentum?: number;
  /** Looks one step ahead (Nesterov). Needs momentum. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent: `p -= learningRate * g`; with momentum `v = momentum * v + g`, `p -= learningRate * v`;
 * Nesterov `p -= learningRate * (g + momentum * v)`. Learning rate 0.01, momentum 0. Weight decay is part of the gradient (L2).
 *
 * Shapes: any. Errors: `bad-value`, `unknown-name`. Source: torch.optim.SGD (the velocity does not contain the learning
 * rate, as it does in Keras: it matters where the rate changes); names and learning rate of keras.optimizers.SGD.
 *
 * @example
 * import { sgd } from '@stratus/core';
 * const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
 * console.log(optimizer.slots); // { momentum: 0 }
 */
export function sgd({ learningRate = 0.01, momentum = 0, nesterov = false, ...common }: SgdOptions = {}): Optimizer {
  if (nesterov && momentum === 0)
    throw fail('bad-value', {
      what: 'sgd',
      got: 'nesterov without momentum',
      want: 'momentum above 0',
      fix: 'Set momentum: 0.9.',
    });
  return defineOptimizer({
    type: 'sgd',
    common: { ...common, learningRate },
    options: { momentum, nesterov },
    rules: { momentum: 'fraction', nesterov: 'flag' },
    slots: momentum === 0 ? {} : { momentum: 0 },
    update({ gradient: g, slots, learningRate: rate }) {
      if (!slots['momentum']) return { delta: mul(g, rate), slots: {} };
      const v = add(mul(slots['momentum'], momentum), g);
      return { delta: mul(nesterov ? add(g, mul(v, momentum)) : v, rate), slots: { momentum: v } };
    },
  });
}
