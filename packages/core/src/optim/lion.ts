import type { Value } from '../graph/index.ts';
import { add, clip, mul, sign } from '../ops/index.ts';
import { defineOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** Options of {@link lion}. */
export interface LionOptions extends OptimizerOptions {
  /** The share of the momentum in the direction of a step; 0.9 unless told. */
  readonly beta1?: number;
  /** How much of the momentum is kept; 0.99 unless told. */
  readonly beta2?: number;
}

/**
 * Lion: `p -= learningRate * sign(beta1 m + (1 - beta1) g)`, then `m = beta2 m + (1 - beta2) g`. Learning rate 0.001, betas 0.9
 * and 0.99. Weight decay is decoupled, `p *= 1 - learningRate * weightDecay` before the step. Every element moves by the
 * learning rate, so that a tenth to a third of AdamW's is usual, with three to ten times its weight decay.
 *
 * Shapes: any. Errors: `bad-value`, `unknown-name`. Source: Chen et al. 2023, algorithm 2; keras.optimizers.Lion.
 *
 * @example
 * import { lion } from '@stratus/core';
 * console.log(lion({ learningRate: 1e-4, weightDecay: 0.1 }).slots); // { momentum: 0 }
 */
export const lion = ({ learningRate = 0.001, beta1 = 0.9, beta2 = 0.99, ...common }: LionOptions = {}): Optimizer =>
  defineOptimizer({
    type: 'lion',
    common: { ...common, learningRate },
    options: { beta1, beta2 },
    rules: { beta1: 'fraction', beta2: 'fraction' },
    decay: 'decoupled',
    slots: { momentum: 0 }, // m / (1 - beta2)
    update({ gradient: g, slots, learningRate: rate }) {
      const momentum = slots['momentum']!;
      // beta1 m + (1 - beta1) g, but for a positive factor, which does not change the sign.
      const direction = add(mul(momentum, (beta1 * (1 - beta2)) / (1 - beta1)), g);
      return { delta: mul(signOf(direction), rate), slots: { momentum: add(mul(momentum, beta2), g) } };
    },
  });

/**
 * The sign by a power of two and a clip: three times as fast as the Sign kernel, which WebGPU lacks. It is exact from 2^-100
 * upwards; below, the step is shorter. float16 cannot hold such a factor.
 */
const signOf = (x: Value): Value => (x.dtype === 'float16' ? sign(x) : clip(mul(x, 2 ** 100), { min: -1, max: 1 }));
