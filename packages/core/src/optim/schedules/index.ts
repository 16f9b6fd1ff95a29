import { lookUp } from '../../suggest.ts';
import { cosineDecay } from './cosine-decay.ts';
import { cosineDecayRestarts } from './cosine-decay-restarts.ts';
import { exponentialDecay } from './exponential-decay.ts';
import { oneCycle } from './one-cycle.ts';
import { piecewiseConstantDecay } from './piecewise-constant-decay.ts';
import { polynomialDecay } from './polynomial-decay.ts';
import type { SavedConfig, Schedule } from './schedule.ts';
import { stepDecay } from './step-decay.ts';
import { warmUp } from './warm-up.ts';

export { type CosineDecayOptions, cosineDecay } from './cosine-decay.ts';
export { type CosineDecayRestartsOptions, cosineDecayRestarts } from './cosine-decay-restarts.ts';
export { type ExponentialDecayOptions, exponentialDecay } from './exponential-decay.ts';
export { type OneCycleOptions, oneCycle } from './one-cycle.ts';
export { type PiecewiseConstantDecayOptions, piecewiseConstantDecay } from './piecewise-constant-decay.ts';
export { type PolynomialDecayOptions, polynomialDecay } from './polynomial-decay.ts';
export { isSchedule, type SavedConfig, type Schedule } from './schedule.ts';
export { type StepDecayOptions, stepDecay } from './step-decay.ts';
export { type WarmUpOptions, warmUp } from './warm-up.ts';

/** All schedules by name. */
export const schedules = {
  stepDecay,
  exponentialDecay,
  cosineDecay,
  cosineDecayRestarts,
  warmUp,
  oneCycle,
  piecewiseConstantDecay,
  polynomialDecay,
} as const;

/**
 * The schedule that was saved as `{ type, config }`.
 *
 * Errors: `unknown-name` for the type or an option, `bad-value`. Source: keras.optimizers.schedules.deserialize.
 *
 * @example
 * import { scheduleFromConfig, stepDecay } from '@stratus/core';
 * const { type, config } = stepDecay({ initialLearningRate: 0.8, stepSize: 10, gamma: 0.5 });
 * console.log(scheduleFromConfig({ type, config }).at(10)); // 0.4
 */
export const scheduleFromConfig = ({ type, config }: SavedConfig): Schedule =>
  lookUp<(options: never) => Schedule>('schedule', schedules, type)(revive(config) as never); // which checks what it is given

/** A config with the schedules that were saved inside it made again. */
export const revive = (config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, isSaved(value) ? scheduleFromConfig(value) : value]));

const isSaved = (x: unknown): x is SavedConfig =>
  typeof x === 'object' && x !== null && 'type' in x && 'config' in x && typeof x.type === 'string';
