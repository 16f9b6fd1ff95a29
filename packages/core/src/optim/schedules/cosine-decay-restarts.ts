import { halfCosine } from './cosine-decay.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link cosineDecayRestarts}. */
export interface CosineDecayRestartsOptions {
  readonly initialLearningRate: number;
  /** Steps of the first period. */
  readonly firstDecaySteps: number;
  /** How much longer each period is than the one before, at least 1; 2 unless told. */
  readonly tMul?: number;
  /** How much higher each period starts than the one before; 1 unless told. */
  readonly mMul?: number;
  /** The lowest rate as a part of `initialLearningRate`; 0 unless told. */
  readonly alpha?: number;
}

/**
 * Cosine decay that starts again after each period: `rate = initialLearningRate * ((1 - alpha) mMul^i (1 + cos(pi t)) / 2 + alpha)`,
 * `i` the number of restarts so far and `t` in 0..1 the place in the period of `firstDecaySteps * tMul^i` steps.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.optimizers.schedules.CosineDecayRestarts, torch's CosineAnnealingWarmRestarts;
 * Loshchilov and Hutter 2016 (SGDR).
 *
 * @example
 * import { cosineDecayRestarts } from '@stratus/core';
 * const schedule = cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 100 });
 * console.log(schedule.at(0), schedule.at(100), schedule.at(300)); // 0.1 0.1 0.1: periods of 100, 200, 400 steps
 */
export const cosineDecayRestarts = ({
  initialLearningRate,
  firstDecaySteps,
  tMul = 2,
  mMul = 1,
  alpha = 0,
  ...unknown
}: CosineDecayRestartsOptions): Schedule =>
  defineSchedule({
    type: 'cosineDecayRestarts',
    options: { initialLearningRate, firstDecaySteps, tMul, mMul, alpha },
    rules: {
      initialLearningRate: 'nonNegative',
      firstDecaySteps: 'positive',
      tMul: 'atLeastOne',
      mMul: 'nonNegative',
      alpha: 'nonNegative',
    },
    unknown,
    at(step) {
      const { restarts, place } = periodAt(step / firstDecaySteps, tMul);
      return initialLearningRate * ((1 - alpha) * mMul ** restarts * halfCosine(place) + alpha);
    },
  });

/** Which period, and where in it, after so many times the first period's length. */
function periodAt(elapsed: number, tMul: number): { restarts: number; place: number } {
  const startOf = (i: number): number => (tMul === 1 ? i : (tMul ** i - 1) / (tMul - 1));
  let restarts = Math.floor(tMul === 1 ? elapsed : Math.log1p(elapsed * (tMul - 1)) / Math.log(tMul));
  // The logarithm may land on the wrong side of a restart by a rounding error.
  if (startOf(restarts + 1) <= elapsed) restarts += 1;
  else if (startOf(restarts) > elapsed) restarts -= 1;
  return { restarts, place: (elapsed - startOf(restarts)) / tMul ** restarts };
}
