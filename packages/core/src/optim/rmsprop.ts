import { add, div, mul, relu, sqrt, sub } from '../ops/index.ts';
import { defineOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** Options of {@link rmsprop}. */
export interface RmspropOptions extends OptimizerOptions {
  /** How much of the running average of squares is kept; 0.99 unless told (PyTorch's alpha; 0.9 in Keras). */
  readonly rho?: number;
  readonly momentum?: number;
  /** Subtracts the square of the mean gradient, so that the root is a standard deviation. */
  readonly centered?: boolean;
  /** 1e-8 unless told. */
  readonly epsilon?: number;
}

/**
 * RMSprop: `v = rho * v + (1 - rho) g^2`, `p -= learningRate * g / (sqrt(v) + epsilon)`; centred `sqrt(v - a^2)` with
 * `a = rho * a + (1 - rho) g`; with momentum `b = momentum * b + g / (sqrt(v) + epsilon)`, `p -= learningRate * b`.
 * Learning rate 0.001, rho 0.99, epsilon 1e-8 (outside the root). Weight decay is part of the gradient (L2).
 *
 * Shapes: any. Errors: `bad-value`, `unknown-name`. Source: torch.optim.RMSprop, except that a variance which rounding made
 * negative counts as 0 (PyTorch gives NaN); names and learning rate of keras.optimizers.RMSprop; Tieleman and Hinton 2012.
 *
 * @example
 * import { rmsprop } from '@stratus/core';
 * console.log(Object.keys(rmsprop({ centered: true, momentum: 0.9 }).slots)); // ['velocity', 'average', 'momentum']
 */
export function rmsprop({
  learningRate = 0.001,
  rho = 0.99,
  momentum = 0,
  centered = false,
  epsilon = 1e-8,
  ...common
}: RmspropOptions = {}): Optimizer {
  const fresh = 1 - rho;
  // Slots hold sums without the factor 1 - rho: velocity = v / fresh, average = a / fresh. So sqrt(v) = root * sqrt(velocity).
  const root = Math.sqrt(fresh);
  return defineOptimizer({
    type: 'rmsprop',
    common: { ...common, learningRate },
    options: { rho, momentum, centered, epsilon },
    rules: { rho: 'fraction', momentum: 'fraction', centered: 'flag', epsilon: 'nonNegative' },
    slots: { velocity: 0, ...(centered && { average: 0 }), ...(momentum !== 0 && { momentum: 0 }) },
    update({ gradient: g, slots, learningRate: rate }) {
      const velocity = add(mul(slots['velocity']!, rho), mul(g, g));
      const average = slots['average'] && add(mul(slots['average'], rho), g);
      const variance = average ? relu(sub(velocity, mul(mul(average, fresh), average))) : velocity;
      const direction = div(g, add(sqrt(variance), epsilon / root));
      const held = slots['momentum'] && add(mul(slots['momentum'], momentum), direction);
      return {
        delta: mul(held ?? direction, mul(rate, 1 / root)),
        slots: { velocity, ...(average && { average }), ...(held && { momentum: held }) },
      };
    },
  });
}
