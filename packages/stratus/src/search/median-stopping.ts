import { checkWhole } from './check.ts';
import { lossOf, type Observation } from './observation.ts';
import type { Scheduler } from './scheduler.ts';

/** How stopping by the median is set up. */
export interface MedianStoppingOptions {
  /** So many trials have to be over before any is stopped; 5. */
  readonly startTrials?: number;
  /** Nothing is stopped up to this step; 0. */
  readonly warmUpSteps?: number;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (!Number.isInteger(middle)) return sorted[Math.floor(middle)]!;
  const [low, high] = [sorted[middle - 1]!, sorted[middle]!];
  return low === high ? low : (low + high) / 2;
}

/**
 * Stops a trial when the best that it has reached is worse than the median of what others that are over had on average by that step.
 *
 * Errors: `bad-value`.
 *
 * Source: Golovin, Solnik, Moitra, Kochanski, Karro and Sculley 2017, Google Vizier: the median stopping rule.
 *
 * @example
 * import { medianStopping } from 'stratus';
 * const trial = (value: number) => ({ number: value, parameters: {}, status: 'finished', value, reports: [{ step: 1, value }] }) as const;
 * console.log(medianStopping({ startTrials: 3 }).stops({ goal: 'minimize', trial: trial(9), others: [trial(1), trial(2), trial(3)] })); // true
 */
export function medianStopping({ startTrials = 5, warmUpSteps = 0 }: MedianStoppingOptions = {}): Scheduler {
  checkWhole('medianStopping', 'startTrials', startTrials, 1);
  checkWhole('medianStopping', 'warmUpSteps', warmUpSteps, 0);
  return {
    name: 'median',
    options: { startTrials, warmUpSteps },
    stops({ goal, trial, others }) {
      const last = trial.reports.at(-1);
      if (last === undefined || last.step <= warmUpSteps) return false;
      const losses = ({ reports }: Observation): number[] =>
        reports.filter(({ step }) => step <= last.step).map(({ value }) => lossOf(goal, value));
      const averages = others
        .filter(({ status }) => status !== 'running')
        .map(losses)
        .filter((found) => found.length > 0)
        .map(mean);
      if (averages.length < startTrials) return false;
      const own = losses(trial).reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY);
      return own === Number.POSITIVE_INFINITY || own > median(averages);
    },
  };
}
