import { add, div, mul, sqrt } from '../ops/index.ts';
import { defineOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** Options of {@link adagrad}. */
export interface AdagradOptions extends OptimizerOptions {
  /** What the sum of squared gradients starts with; 0 unless told (0.1 in Keras). */
  readonly initialAccumulatorValue?: number;
  /** 1e-10 unless told. */
  readonly epsilon?: number;
}

/**
 * AdaGrad: `s += g^2`, `p -= learningRate * g / (sqrt(s) + epsilon)`. Learning rate 0.001, initial accumulator 0, epsilon 1e-10.
 * Weight decay is part of the gradient (L2).
 *
 * Shapes: any. Errors: `bad-value`, `unknown-name`. Source: torch.optim.Adagrad; names and learning rate of
 * keras.optimizers.Adagrad; Duchi, Hazan and Singer 2011.
 *
 * @example
 * import { adagrad } from '@stratus/core';
 * console.log(adagrad({ learningRate: 0.1 }).slots); // { accumulator: 0 }
 */
export const adagrad = ({
  learningRate = 0.001,
  initialAccumulatorValue = 0,
  epsilon = 1e-10,
  ...common
}: AdagradOptions = {}): Optimizer =>
  defineOptimizer({
    type: 'adagrad',
    common: { ...common, learningRate },
    options: { initialAccumulatorValue, epsilon },
    rules: { initialAccumulatorValue: 'nonNegative', epsilon: 'nonNegative' },
    slots: { accumulator: initialAccumulatorValue },
    update({ gradient: g, slots, learningRate: rate }) {
      const accumulator = add(slots['accumulator']!, mul(g, g));
      return { delta: mul(div(g, add(sqrt(accumulator), epsilon)), rate), slots: { accumulator } };
    },
  });
