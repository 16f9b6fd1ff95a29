import type { Tensor } from '@stratus/core';
import type { DriftLimits } from './traffic-rule.ts';

/** What is to be watched while a rule holds. */
export interface DriftOrder {
  readonly model: string;
  readonly limits: DriftLimits;
  /** True for versions that get more than before; what they say is compared with what the others say. */
  readonly isRisen: (version: string) => boolean;
  /** Is told, once, that a version has moved too far, with the numbers. */
  readonly complain: (version: string, why: string) => void;
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
