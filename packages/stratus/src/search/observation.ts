import type { Parameters } from './space.ts';

/** Whether small or large values are wanted. */
export type Goal = 'minimize' | 'maximize';

/** A value that a trial reported on its way. */
export interface Report {
  readonly step: number;
  readonly value: number;
}

/** What a search and a scheduler know of a trial. */
export interface Observation {
  /** From 1. */
  readonly number: number;
  readonly parameters: Parameters;
  /** 'pruned': a scheduler stopped it early. */
  readonly status: 'running' | 'finished' | 'pruned' | 'failed';
  /** What came out, of a finished one. */
  readonly value?: number | undefined;
  /** In the order of steps. */
  readonly reports: readonly Report[];
}

/** A value so that lower is better, NaN the worst. */
export const lossOf = (goal: Goal, value: number | undefined): number =>
  value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : goal === 'minimize' ? value : -value;

/** The finished trial with the best value; of equal ones the first. */
export function bestOf<T extends Observation>(goal: Goal, trials: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const trial of trials) {
    if (trial.status !== 'finished' || trial.value === undefined || Number.isNaN(trial.value)) continue;
    if (best === undefined || lossOf(goal, trial.value) < lossOf(goal, best.value)) best = trial;
  }
  return best;
}
