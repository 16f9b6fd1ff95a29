import type { Goal, Observation } from './observation.ts';
import type { Parameters, Space } from './space.ts';

/** What a search may look at. */
export interface SearchContext {
  readonly space: Space;
  readonly goal: Goal;
  readonly seed: number;
  /** The number of the trial that parameters are wanted for, from 1. */
  readonly number: number;
  /** Every other trial, also those that run. */
  readonly history: readonly Observation[];
}

/**
 * A way to choose parameters. It has no state: what it suggests is a function of the seed, the number of the trial and the history, and so a
 * search that was interrupted goes on as if it had not been.
 */
export interface Search {
  readonly name: string;
  /** How it was set up, for JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The next parameters; undefined where there are none left. */
  suggest(context: SearchContext): Parameters | undefined;
  /** How many trials there are in all, where that is known. */
  size?(space: Space): number;
}
