import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link piecewiseConstantDecay}. */
export interface PiecewiseConstantDecayOptions {
  /** The last step of each rate but the final one, ascending. */
  readonly boundaries: readonly number[];
  /** The rates; one more than there are boundaries. */
  readonly values: readonly number[];
}

/**
 * A rate for each stretch of steps: `values[0]` up to and including step `boundaries[0]`, then `values[1]`, and so on.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.optimizers.schedules.PiecewiseConstantDecay. torch's MultiStepLR changes
 * at its milestone, this one step after its boundary.
 *
 * @example
 * import { piecewiseConstantDecay } from '@stratus/core';
 * const schedule = piecewiseConstantDecay({ boundaries: [1000, 2000], values: [0.1, 0.01, 0.001] });
 * console.log(schedule.at(1000), schedule.at(1001), schedule.at(5000)); // 0.1 0.01 0.001
 */
export function piecewiseConstantDecay({ boundaries, values, ...unknown }: PiecewiseConstantDecayOptions): Schedule {
  const what = 'piecewiseConstantDecay';
  if (!Array.isArray(boundaries) || !Array.isArray(values) || values.length !== boundaries.length + 1)
    throw fail('bad-value', {
      what,
      got: `${boundaries?.length} boundaries and ${values?.length} values`,
      want: 'one value more than boundaries',
    });
  for (const boundary of boundaries) checkOptions(what, { boundaries: boundary }, { boundaries: 'number' });
  for (const value of values) checkOptions(what, { values: value }, { values: 'nonNegative' });
  if (boundaries.some((b, i) => i > 0 && b <= boundaries[i - 1]!))
    throw fail('bad-value', { what, got: `boundaries ${boundaries.join(', ')}`, want: 'ascending boundaries' });
  return defineSchedule({
    type: what,
    options: {},
    rules: {},
    others: { boundaries: [...boundaries], values: [...values] },
    unknown,
    at(step) {
      const i = boundaries.findIndex((boundary) => step <= boundary);
      return values[i < 0 ? boundaries.length : i]!;
    },
  });
}
