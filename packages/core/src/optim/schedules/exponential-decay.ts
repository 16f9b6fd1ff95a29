import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link exponentialDecay}. */
export interface ExponentialDecayOptions {
  readonly initialLearningRate: number;
  /** Steps in which the rate falls by `decayRate`. */
  readonly decaySteps: number;
  readonly decayRate: number;
  /** Falls at every `decaySteps`-th step at once instead of a little each step. */
  readonly staircase?: boolean;
}

/**
 * Exponential decay: `rate = initialLearningRate * decayRate^(step / decaySteps)`, with `floor` around the quotient if `staircase`.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.optimizers.schedules.ExponentialDecay; torch's ExponentialLR is `decaySteps: 1`.
 *
 * @example
 * import { exponentialDecay } from '@stratus/core';
 * const schedule = exponentialDecay({ initialLearningRate: 0.1, decaySteps: 1000, decayRate: 0.5 });
 * console.log(schedule.at(0), schedule.at(1000)); // 0.1 0.05
 */
export const exponentialDecay = ({
  initialLearningRate,
  decaySteps,
  decayRate,
  staircase = false,
  ...unknown
}: ExponentialDecayOptions): Schedule =>
  defineSchedule({
    type: 'exponentialDecay',
    options: { initialLearningRate, decaySteps, decayRate, staircase },
    rules: { initialLearningRate: 'nonNegative', decaySteps: 'positive', decayRate: 'positive', staircase: 'flag' },
    unknown,
    at(step) {
      const decays = step / decaySteps;
      return initialLearningRate * decayRate ** (staircase ? Math.floor(decays) : decays);
    },
  });
