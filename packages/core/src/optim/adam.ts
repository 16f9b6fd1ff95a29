import { add, div, max, mul, sqrt } from '../ops/index.ts';
import { defineOptimizer, type Optimizer, type OptimizerOptions, type OptimizerSpec } from './optimizer.ts';

/** Options of {@link adam}. */
export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean of the gradients is kept; 0.9 unless told. */
  readonly beta1?: number;
  /** How much of the mean of their squares is kept; 0.999 unless told. */
  readonly beta2?: number;
  /** 1e-8 unless told (1e-7 in Keras). */
  readonly epsilon?: number;
  /** Divides by the largest mean of squares so far (AMSGrad). */
  readonly amsgrad?: boolean;
}

type AdamOption = 'beta1' | 'beta2' | 'epsilon' | 'amsgrad';
type AdamRule = Pick<OptimizerSpec<AdamOption>, 'options' | 'rules' | 'slots' | 'update'> & {
  scalars(step: number): Readonly<Record<string, number>>;
};

/**
 * What Adam and AdamW share. Slots hold sums without the factors 1 - beta, `momentum = m / (1 - beta1)` and
 * `velocity = v / (1 - beta2)`, which saves two passes over memory; all factors are folded into two scalars:
 *
 *   (lr / c1) m / (sqrt(v / c2) + epsilon)  with  c = 1 - beta^step
 *   = lr rate momentum / (sqrt(velocity) + floor)
 *   with  rate = (1 - beta1) / c1 * k,  floor = epsilon * k,  k = sqrt(c2 / (1 - beta2))
 */
export const adamRule = (options: Readonly<Record<AdamOption, number | boolean>>): AdamRule => {
  const [beta1, beta2, epsilon] = [Number(options.beta1), Number(options.beta2), Number(options.epsilon)];
  return {
    options,
    rules: { beta1: 'fraction', beta2: 'fraction', epsilon: 'nonNegative', amsgrad: 'flag' },
    slots: { momentum: 0, velocity: 0, ...(options.amsgrad && { velocityMax: 0 }) },
    scalars(step) {
      const k = Math.sqrt((1 - beta2 ** step) / (1 - beta2));
      return { rate: ((1 - beta1) / (1 - beta1 ** step)) * k, floor: epsilon * k };
    },
    update({ gradient: g, slots, learningRate, scalars }) {
      const momentum = add(mul(slots['momentum']!, beta1), g);
      const velocity = add(mul(slots['velocity']!, beta2), mul(g, g));
      const velocityMax = slots['velocityMax'] && max(slots['velocityMax'], velocity);
      const denominator = add(sqrt(velocityMax ?? velocity), scalars['floor']!);
      return {
        delta: mul(div(momentum, denominator), mul(learningRate, scalars['rate']!)),
        slots: { momentum, velocity, ...(velocityMax && { velocityMax }) },
      };
    },
  };
};

/**
 * Adam: `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
 * `p -= learningRate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)`; AMSGrad takes the largest `v` so far.
 * Learning rate 0.001, betas 0.9 and 0.999, epsilon 1e-8. Weight decay is part of the gradient (L2); AdamW decouples it.
 *
 * Shapes: any. Errors: `bad-value`, `unknown-name`. Source: torch.optim.Adam; names and learning rate of
 * keras.optimizers.Adam; Kingma and Ba 2014; Reddi, Kale and Kumar 2018.
 *
 * @example
 * import { adam } from '@stratus/core';
 * const optimizer = adam({ learningRate: 3e-4, globalClipNorm: 1 });
 * console.log(optimizer.slots); // { momentum: 0, velocity: 0 }
 */
export const adam = ({
  learningRate = 0.001,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  amsgrad = false,
  ...common
}: AdamOptions = {}): Optimizer =>
  defineOptimizer({ type: 'adam', common: { ...common, learningRate }, ...adamRule({ beta1, beta2, epsilon, amsgrad }) });
