import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link polynomialDecay}. */
export interface PolynomialDecayOptions {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** 0.0001 unless told. */
  readonly endLearningRate?: number;
  /** 1 unless told: a straight line. */
  readonly power?: number;
  /** Goes up again after `decaySteps`, to fall until twice as many, three times as many, … instead of staying at the end. */
  readonly cycle?: boolean;
}

/**
 * Polynomial decay: `rate = (initialLearningRate - endLearningRate) (1 - step / decaySteps)^power + endLearningRate`.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.optimizers.schedules.PolynomialDecay; torch's PolynomialLR is
 * `endLearningRate: 0`.
 *
 * @example
 * import { polynomialDecay } from '@stratus/core';
 * const schedule = polynomialDecay({ initialLearningRate: 0.1, decaySteps: 100, endLearningRate: 0 });
 * console.log(schedule.at(0), schedule.at(50), schedule.at(200)); // 0.1 0.05 0
 */
export const polynomialDecay = ({
  initialLearningRate,
  decaySteps,
  endLearningRate = 1e-4,
  power = 1,
  cycle = false,
  ...unknown
}: PolynomialDecayOptions): Schedule =>
  defineSchedule({
    type: 'polynomialDecay',
    options: { initialLearningRate, decaySteps, endLearningRate, power, cycle },
    rules: {
      initialLearningRate: 'nonNegative',
      decaySteps: 'positive',
      endLearningRate: 'nonNegative',
      power: 'positive',
      cycle: 'flag',
    },
    unknown,
    at(step) {
      const length = cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
      const left = 1 - Math.min(step, length) / length;
      return (initialLearningRate - endLearningRate) * left ** power + endLearningRate;
    },
  });
