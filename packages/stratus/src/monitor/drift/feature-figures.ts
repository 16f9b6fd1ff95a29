import type { TestResult } from './kolmogorov-smirnov.ts';

/** How much a feature has moved; `waiting` until enough of it was seen. */
export type DriftLevel = 'waiting' | 'none' | 'some' | 'strong';

/** How what was seen lately of one feature stands to its reference. */
export interface FeatureFigures {
  /** The name of the input or output, with `[3]` for one of its numbers. */
  readonly feature: string;
  readonly of: 'input' | 'output';
  readonly kind: 'number' | 'category' | 'embedding';
  /** What it is compared with: the training data, as the file has it, or what was seen first. */
  readonly reference: 'training' | 'first';
  readonly level: DriftLevel;
  /** How many values were seen in the window, and how many the reference has. */
  readonly count: number;
  readonly referenceCount: number;
  /** Population stability index, Jensen-Shannon distance, tests; undefined until there is something to compare. */
  readonly psi?: number | undefined;
  readonly jensenShannon?: number | undefined;
  readonly kolmogorovSmirnov?: TestResult | undefined;
  readonly chiSquare?: TestResult | undefined;
  /** How far the mean of samples has moved, in standard deviations of the reference. */
  readonly distance?: number | undefined;
  /** The shares of missing values. */
  readonly missing?: number | undefined;
  readonly referenceMissing?: number | undefined;
  /** The share of categories that the reference has not, or of numbers below and above all of its. */
  readonly unseen?: number | undefined;
  readonly mean?: number | undefined;
  readonly referenceMean?: number | undefined;
}

/** From these on a distance is called some, and strong. */
const limits = {
  psi: [0.1, 0.25],
  distance: [0.25, 0.5],
  missing: [0.05, 0.2],
  unseen: [0.05, 0.2],
} as const;

/** The worst of what was measured. */
export function levelOf(measured: Readonly<Partial<Record<keyof typeof limits, number>>>): DriftLevel {
  const names = Object.keys(limits) as (keyof typeof limits)[];
  const reached = (step: 0 | 1): boolean => names.some((name) => (measured[name] ?? 0) >= limits[name][step]);
  return reached(1) ? 'strong' : reached(0) ? 'some' : 'none';
}

/** What watches are made with. */
export interface WatchOptions {
  readonly windowMs: number;
  readonly now: () => number;
  /** Nothing is said about fewer values. */
  readonly minimumRows: number;
}

/** So many slices make a window. */
export const driftSlices = 12;
