import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { defineSchedule, isSchedule, type Schedule, savedRate } from './schedule.ts';

/** Options of {@link warmUp}. */
export interface WarmUpOptions {
  /** What follows the warm-up, beginning with its own step 0: another schedule, or a constant rate. */
  readonly schedule: number | Schedule;
  /** Steps of the warm-up. */
  readonly steps: number;
  /** The first rate as a part of that at the end of the warm-up; 0 unless told. */
  readonly startFactor?: number;
}

/**
 * A linear warm-up before another schedule: `rate = schedule.at(0) * (startFactor + (1 - startFactor) step / steps)` for the
 * first `steps` steps, then `schedule.at(step - steps)`.
 *
 * Errors: `bad-value`, `unknown-name`. Source: torch's SequentialLR([LinearLR(start_factor), …]), where `start_factor` is 1/3
 * unless told; Goyal et al. 2017.
 *
 * @example
 * import { polynomialDecay, warmUp } from '@stratus/core';
 * const decay = polynomialDecay({ initialLearningRate: 0.1, decaySteps: 900, endLearningRate: 0 });
 * const schedule = warmUp({ schedule: decay, steps: 100 });
 * console.log(schedule.at(0), schedule.at(50), schedule.at(100), schedule.at(1000)); // 0 0.05 0.1 0
 */
export function warmUp({ schedule, steps, startFactor = 0, ...unknown }: WarmUpOptions): Schedule {
  if (typeof schedule === 'number') checkOptions('warmUp', { schedule }, { schedule: 'nonNegative' });
  else if (!isSchedule(schedule))
    throw fail('bad-value', { what: 'warmUp', got: `schedule = ${String(schedule)}`, want: 'a schedule or a number' });
  const after = (step: number): number => (typeof schedule === 'number' ? schedule : schedule.at(step));
  return defineSchedule({
    type: 'warmUp',
    options: { steps, startFactor },
    rules: { steps: 'wholeNumber', startFactor: 'share' },
    others: { schedule: savedRate(schedule) },
    unknown,
    at: (step) => (step < steps ? after(0) * (startFactor + (1 - startFactor) * (step / steps)) : after(step - steps)),
  });
}
