import { fail } from '../../errors.ts';
import { halfCosine } from './cosine-decay.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** The rate at the top of the cycle. */
  readonly maxLearningRate: number;
  /** Steps of the whole training. */
  readonly totalSteps: number;
  /** The part of the steps in which the rate rises; 0.3 unless told. PyTorch calls it pct_start. */
  readonly warmupFraction?: number;
  /** The shape of rise and fall; 'cos' unless told. */
  readonly annealStrategy?: 'cos' | 'linear';
  /** First rate = `maxLearningRate / divFactor`; 25 unless told. */
  readonly divFactor?: number;
  /** Last rate = first rate / `finalDivFactor`; 10,000 unless told. */
  readonly finalDivFactor?: number;
  /** Falls back to the first rate as long as it rose, and to the last rate in what is left of the steps. */
  readonly threePhase?: boolean;
}

const shapes = {
  cos: (from: number, to: number, t: number): number => to + (from - to) * halfCosine(t),
  linear: (from: number, to: number, t: number): number => from + (to - from) * t,
} as const;

/**
 * The 1cycle policy: up from `maxLearningRate / divFactor` to `maxLearningRate`, and down to a tiny rate at the last step, at
 * which it stays. The momentum is not cycled.
 *
 * Errors: `bad-value`, `unknown-name`. Source: torch.optim.lr_scheduler.OneCycleLR, stepped once per update; Smith and Topin 2017.
 *
 * @example
 * import { oneCycle } from '@stratus/core';
 * const schedule = oneCycle({ maxLearningRate: 0.1, totalSteps: 1000 });
 * console.log(schedule.at(299)); // 0.1
 */
export function oneCycle({
  maxLearningRate,
  totalSteps,
  warmupFraction = 0.3,
  annealStrategy = 'cos',
  divFactor = 25,
  finalDivFactor = 1e4,
  threePhase = false,
  ...unknown
}: OneCycleOptions): Schedule {
  if (!Object.hasOwn(shapes, annealStrategy))
    throw fail('bad-value', { what: 'oneCycle', got: `annealStrategy = ${String(annealStrategy)}`, want: "'cos' or 'linear'" });
  const shape = shapes[annealStrategy];
  const first = maxLearningRate / divFactor;
  const last = first / finalDivFactor;
  const top = warmupFraction * totalSteps - 1;
  const end = totalSteps - 1;
  const phases: readonly (readonly [end: number, from: number, to: number])[] = threePhase
    ? [
        [top, first, maxLearningRate],
        [2 * top, maxLearningRate, first],
        [end, first, last],
      ]
    : [
        [top, first, maxLearningRate],
        [end, maxLearningRate, last],
      ];
  return defineSchedule({
    type: 'oneCycle',
    options: { maxLearningRate, totalSteps, warmupFraction, divFactor, finalDivFactor, threePhase },
    rules: {
      maxLearningRate: 'nonNegative',
      totalSteps: 'count',
      warmupFraction: 'share',
      divFactor: 'positive',
      finalDivFactor: 'positive',
      threePhase: 'flag',
    },
    others: { annealStrategy },
    unknown,
    at(step) {
      let start = 0;
      for (const [phaseEnd, from, to] of phases) {
        if (step <= phaseEnd) return shape(from, to, phaseEnd === start ? 1 : (step - start) / (phaseEnd - start));
        start = phaseEnd;
      }
      return last;
    },
  });
}
