import { checkOptions, type Rule, refuseUnknown } from '../../options.ts';

/**
 * A learning rate as a pure function of the step. Any object of this shape will do where a learning rate is asked for; only
 * those of the table `schedules` can be loaded again.
 */
export interface Schedule {
  readonly type: string;
  /** Plain JSON; `scheduleFromConfig({ type, config })` gives the schedule back. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The learning rate after `step` updates: 0 for the first one. */
  at(step: number): number;
}

/** A schedule, an optimizer, … as plain JSON. */
export interface SavedConfig {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * True for anything that has the fields of a schedule, own ones included.
 *
 * @example
 * import { isSchedule, stepDecay } from '@stratus/core';
 * console.log(isSchedule(stepDecay({ initialLearningRate: 0.1, stepSize: 30 })), isSchedule(0.1)); // true false
 */
export const isSchedule = (x: unknown): x is Schedule =>
  typeof x === 'object' && x !== null && 'type' in x && 'config' in x && 'at' in x && typeof x.at === 'function';

/** A learning rate as it is saved: the number, or the schedule's type and config. */
export const savedRate = (rate: number | Schedule): number | SavedConfig =>
  typeof rate === 'number' ? rate : { type: rate.type, config: rate.config };

/**
 * What every schedule is made with: checks its options by their rules, refuses unknown ones (`unknown`, what the caller's
 * destructuring left over), and keeps the options as its config.
 */
export function defineSchedule<N extends string>(spec: {
  readonly type: string;
  readonly options: Readonly<Record<N, unknown>>;
  readonly rules: Readonly<Record<NoInfer<N>, Rule>>;
  /** Options that are no plain numbers or flags; the caller has checked them. */
  readonly others?: Readonly<Record<string, unknown>>;
  readonly unknown: object;
  at(step: number): number;
}): Schedule {
  const { type, options, others = {}, at } = spec;
  refuseUnknown(type, spec.unknown, [...Object.keys(options), ...Object.keys(others)]);
  checkOptions(type, options, spec.rules);
  return { type, config: { ...options, ...others }, at };
}
