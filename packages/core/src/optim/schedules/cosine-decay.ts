import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link cosineDecay}. */
export interface CosineDecayOptions {
  /** Where the decay starts; with `warmupTarget`, where the warm-up starts. */
  readonly initialLearningRate: number;
  /** Steps of the decay, without those of the warm-up. */
  readonly decaySteps: number;
  /** The rate at the end, as a part of the highest; 0 unless told. */
  readonly alpha?: number;
  /** The rate at the end of the warm-up. No warm-up unless told. */
  readonly warmupTarget?: number;
  readonly warmupSteps?: number;
}

/** From 1 (`t = 0`) to 0 (`t = 1`) along half a cosine. */
export const halfCosine = (t: number): number => 0.5 * (1 + Math.cos(Math.PI * t));

/**
 * Half a cosine from the highest rate down to `alpha` times it, after a linear warm-up if `warmupTarget` is given:
 * `rate = top * ((1 - alpha) (1 + cos(pi t)) / 2 + alpha)` with `t = min(step, decaySteps) / decaySteps`.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.optimizers.schedules.CosineDecay; Loshchilov and Hutter 2016 (SGDR).
 * torch's CosineAnnealingLR with `eta_min = 0` is the same up to `decaySteps`; it rises again after them, this stays.
 *
 * @example
 * import { cosineDecay } from '@stratus/core';
 * const schedule = cosineDecay({ initialLearningRate: 0, decaySteps: 900, warmupTarget: 0.1, warmupSteps: 100 });
 * console.log(schedule.at(50), schedule.at(100), schedule.at(1000)); // 0.05 0.1 0
 */
export function cosineDecay({
  initialLearningRate,
  decaySteps,
  alpha = 0,
  warmupTarget,
  warmupSteps = 0,
  ...unknown
}: CosineDecayOptions): Schedule {
  if (warmupTarget === undefined && warmupSteps > 0)
    throw fail('bad-value', {
      what: 'cosineDecay',
      got: `warmupSteps = ${warmupSteps} without warmupTarget`,
      want: 'both or neither',
      fix: 'Set warmupTarget to the rate that the warm-up shall reach.',
    });
  if (warmupTarget !== undefined) checkOptions('cosineDecay', { warmupTarget }, { warmupTarget: 'nonNegative' });
  const warmup = warmupTarget === undefined ? 0 : warmupSteps;
  const top = warmupTarget ?? initialLearningRate;
  return defineSchedule({
    type: 'cosineDecay',
    options: { initialLearningRate, decaySteps, alpha, warmupSteps },
    rules: { initialLearningRate: 'nonNegative', decaySteps: 'positive', alpha: 'nonNegative', warmupSteps: 'nonNegative' },
    ...(warmupTarget !== undefined && { others: { warmupTarget } }),
    unknown,
    at(step) {
      if (step < warmup) return initialLearningRate + (top - initialLearningRate) * (step / warmup);
      const t = Math.min(step - warmup, decaySteps) / decaySteps;
      return top * ((1 - alpha) * halfCosine(t) + alpha);
    },
  });
}
