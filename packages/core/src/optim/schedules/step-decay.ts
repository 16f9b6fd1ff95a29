import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link stepDecay}. */
export interface StepDecayOptions {
  readonly initialLearningRate: number;
  /** Steps from one drop to the next. */
  readonly stepSize: number;
  /** What the rate is multiplied with at each drop; 0.1 unless told. */
  readonly gamma?: number;
}

/**
 * Drops the learning rate every `stepSize` steps: `rate = initialLearningRate * gamma^floor(step / stepSize)`.
 *
 * Errors: `bad-value`, `unknown-name`. Source: torch.optim.lr_scheduler.StepLR, stepped once per update.
 *
 * @example
 * import { stepDecay } from '@stratus/core';
 * const schedule = stepDecay({ initialLearningRate: 0.8, stepSize: 100, gamma: 0.5 });
 * console.log(schedule.at(0), schedule.at(99), schedule.at(100)); // 0.8 0.8 0.4
 */
export const stepDecay = ({ initialLearningRate, stepSize, gamma = 0.1, ...unknown }: StepDecayOptions): Schedule =>
  defineSchedule({
    type: 'stepDecay',
    options: { initialLearningRate, stepSize, gamma },
    rules: { initialLearningRate: 'nonNegative', stepSize: 'count', gamma: 'nonNegative' },
    unknown,
    at: (step) => initialLearningRate * gamma ** Math.floor(step / stepSize),
  });
