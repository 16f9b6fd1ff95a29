import { add, div, mul, sqrt } from '../ops/index.ts';
import { defineOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** Options of {@link adadelta}. */
export interface AdadeltaOptions extends OptimizerOptions {
  /** How much of the running averages is kept; 0.9 unless told (0.95 in Keras). */
  readonly rho?: number;
  /** 1e-6 unless told. */
  readonly epsilon?: number;
}

/**
 * Adadelta: `v = rho v + (1 - rho) g^2`, `d = g sqrt(u + epsilon) / sqrt(v + epsilon)`, `u = rho u + (1 - rho) d^2`,
 * `p -= learningRate * d`. Learning rate 1 (the paper and PyTorch; the 0.001 of Keras hardly moves), rho 0.9, epsilon 1e-6.
 * Weight decay is part of the gradient (L2).
 *
 * Shapes: any. Errors: `bad-value`, `unknown-name`. Source: torch.optim.Adadelta; names of keras.optimizers.Adadelta; Zeiler 2012.
 *
 * @example
 * import { adadelta } from '@stratus/core';
 * console.log(adadelta().learningRate); // 1
 */
export const adadelta = ({ learningRate = 1, rho = 0.9, epsilon = 1e-6, ...common }: AdadeltaOptions = {}): Optimizer =>
  defineOptimizer({
    type: 'adadelta',
    common: { ...common, learningRate },
    options: { rho, epsilon },
    rules: { rho: 'fraction', epsilon: 'positive' },
    // Sums without the factor 1 - rho, which then cancels out of the quotient but for epsilon.
    slots: { gradients: 0, deltas: 0 },
    update({ gradient: g, slots, learningRate: rate }) {
      const floor = epsilon / (1 - rho);
      const gradients = add(mul(slots['gradients']!, rho), mul(g, g));
      const delta = mul(g, sqrt(div(add(slots['deltas']!, floor), add(gradients, floor))));
      return { delta: mul(delta, rate), slots: { gradients, deltas: add(mul(slots['deltas']!, rho), mul(delta, delta)) } };
    },
  });
