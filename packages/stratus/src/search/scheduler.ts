import type { Goal, Observation } from './observation.ts';

/** What a scheduler may look at. */
export interface SchedulerContext {
  readonly goal: Goal;
  /** The trial that has just reported; the newest report is the last one. */
  readonly trial: Observation;
  /** Every other trial. */
  readonly others: readonly Observation[];
}

/** Decides which trials are not worth going on with. It has no state: what trials reported is all it knows. */
export interface Scheduler {
  readonly name: string;
  /** How it was set up, for JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether the trial is to be stopped now. */
  stops(context: SchedulerContext): boolean;
}
