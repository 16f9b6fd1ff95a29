// Who judges the versions of a traffic rule while it holds.
import type { Tensor } from '@stratus/core';
import type { DriftLimits, RollbackLimits } from './traffic-rule.ts';

/** A traffic rule that holds. */
interface RuleInForce {
  readonly model: string;
  /** The same in all processes that follow one history of changes, and another one each time that a rule begins to hold. */
  readonly epoch: string;
  /** True for versions that get more than before; what they say is compared with what the others say. */
  readonly isRisen: (version: string) => boolean;
  /** Is told, once, that a version is bad, with the numbers: the rule before is put back. `isTold`: another process writes that down and tells of it. */
  readonly complain: (version: string, why: string, isTold?: boolean) => void;
}

/** Whose drift is to be watched while a rule holds. */
export interface DriftOrder extends RuleInForce {
  readonly limits: DriftLimits;
}

/** How far versions move while a rule holds. */
export interface RolloutDrift {
  /** What a shadow has said, which nobody is told. */
  said(version: string, outputs: Readonly<Record<string, Tensor>>): void;
  /** The rule holds no more. */
  end(): void;
}

/** Begins to watch; answers come to it as they come to every observer. */
export type WatchDrift = (order: DriftOrder) => RolloutDrift;

/** Whose failures and times are to be judged while a rule holds. */
export interface HealthOrder extends RuleInForce {
  readonly limits: RollbackLimits;
}

/** How requests to versions go that get more than before. */
export interface RolloutHealth {
  note(version: string, failed: boolean, totalMs: number): void;
  /** The rule holds no more. */
  end(): void;
}

/** Begins to judge, by the requests of more processes than this one. */
export type WatchHealth = (order: HealthOrder) => RolloutHealth;
