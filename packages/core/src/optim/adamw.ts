import { type AdamOptions, adamRule } from './adam.ts';
import { defineOptimizer, type Optimizer } from './optimizer.ts';

/** As {@link AdamOptions}; `weightDecay` is 0.01 unless told (0.004 in Keras). */
export type AdamwOptions = AdamOptions;

/**
 * AdamW: {@link adam} with decoupled weight decay, `p *= 1 - learningRate * weightDecay` before the step.
 * Learning rate 0.001, betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01.
 *
 * Shapes: any. Errors: `bad-value`, `unknown-name`. Source: torch.optim.AdamW; names of keras.optimizers.AdamW;
 * Loshchilov and Hutter 2017.
 *
 * @example
 * import { adamw, cosineDecay } from '@stratus/core';
 * const learningRate = cosineDecay({ initialLearningRate: 1e-3, decaySteps: 5000, alpha: 0.1 });
 * console.log(adamw({ learningRate, weightDecay: 0.1 }).type); // adamw
 */
export const adamw = ({
  learningRate = 0.001,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  amsgrad = false,
  weightDecay = 0.01,
  ...common
}: AdamwOptions = {}): Optimizer =>
  defineOptimizer({
    type: 'adamw',
    common: { ...common, learningRate, weightDecay },
    decay: 'decoupled',
    ...adamRule({ beta1, beta2, epsilon, amsgrad }),
  });
