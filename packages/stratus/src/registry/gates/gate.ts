import type { Servable } from '../../serve/index.ts';
import type { VersionInfo } from '../../store/index.ts';

/** A version that is looked at by gates. What is dear is done once. */
export interface Subject {
  readonly version: VersionInfo;
  /** The file, its digest verified. */
  bytes(): Promise<Uint8Array>;
  servable(): Promise<Servable>;
}

/** Measures a model on data: its metrics by name. */
export type Evaluate = (
  model: Uint8Array,
  on: { readonly data: string; readonly split: string | undefined; readonly name: string },
) => Promise<Readonly<Record<string, unknown>>>;

/** What a gate found. */
export interface Finding {
  readonly passed: boolean;
  readonly got: string;
  /** Empty where it could not be asked. */
  readonly want: string;
}

/** What a gate said: it is shown, and kept in the history of the alias. */
export interface GateResult extends Finding {
  /** What was looked at: 'accuracy on eval.csv'. */
  readonly gate: string;
}

/** One thing that a version may have to pass. `R`: what is declared for it. */
export interface Gate<R> {
  /** For people: 'accuracy on eval.csv'. */
  title(rule: R): string;
  /** What it asks for, in a sentence without its subject: 'not lower than now, by more than 0.01'. */
  asks(rule: R): string;
  /** What is wrong with a rule that came from outside: what was expected; undefined where nothing is. */
  fault(rule: R): string | undefined;
  /** `current`: what the alias points to now; undefined where it is new. */
  check(rule: R, candidate: Subject, current: Subject | undefined, tools: { readonly evaluate: Evaluate }): Promise<Finding>;
}
