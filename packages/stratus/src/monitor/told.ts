import type { BatchRecord, Refusal, RequestRecord, ShadowRecord, TrafficChange } from '../serve/index.ts';
import type { FeatureSpec, Seen } from './drift/feature-counts.ts';
import type { GivenAnswer } from './given-answer.ts';
import type { ProcessFigures } from './process-figures.ts';
import type { ToldEvidence, ToldRule } from './rollouts.ts';
import type { WatchedModel } from './watched-model.ts';

/** What a worker has seen since it told last, for the process that counts for all. Plain data. */
export interface Told {
  readonly pid: number;
  readonly requests: readonly RequestRecord[];
  readonly batches: readonly BatchRecord[];
  /** What was refused before a model was asked. */
  readonly refused: readonly Refusal[];
  /** What shadows were asked too. */
  readonly shadowed: readonly ShadowRecord[];
  /** Traffic rules that were changed here. */
  readonly changes: readonly TrafficChange[];
  readonly answers: readonly GivenAnswer[];
  /** Traffic rules that limit how versions may fare and have begun to hold here: from now on a number stands for each. */
  readonly rules: readonly (readonly [number: number, rule: ToldRule])[];
  /** Those that hold no more. */
  readonly endedRules: readonly number[];
  /** What it saw of versions under them. */
  readonly evidence: readonly (readonly [rule: number, evidence: ToldEvidence])[];
  /** Features that it has begun to look at: from now on a number stands for each. Under a rule `model` is a version. */
  readonly features: readonly {
    readonly number: number;
    readonly model: string;
    readonly spec: FeatureSpec;
    readonly rule?: number | undefined;
  }[];
  /** What it saw of them: the number of the feature, and what was seen. */
  readonly seen: readonly (readonly [feature: number, seen: Seen])[];
  /** What models say of themselves, when their first answer is told of. */
  readonly about: readonly WatchedModel[];
  /** How many of all these there were no room for. */
  readonly lost: number;
}

/** What a worker tells when somebody wants to know how things stand. */
export interface ToldNow extends Told {
  readonly process: ProcessFigures;
  /** The models that it has in memory. */
  readonly loaded: readonly WatchedModel[];
}
