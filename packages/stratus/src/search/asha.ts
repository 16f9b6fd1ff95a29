import { fail } from '@stratus/core';
import { checkWhole } from './check.ts';
import { lossOf, type Observation } from './observation.ts';
import type { Scheduler } from './scheduler.ts';

/** How successive halving is set up. Steps are those that trials report. */
export interface AshaOptions {
  /** The step of the first rung: nothing is stopped before; 1. */
  readonly firstRung?: number;
  /** Each rung lies so many times as far as the one before, and one of so many trials goes on; 3. */
  readonly reduction?: number;
}

/** The rungs up to a step. */
function rungsUpTo(step: number, first: number, reduction: number): number[] {
  const found: number[] = [];
  for (let rung = first; rung <= step; rung = Math.ceil(rung * reduction)) found.push(rung);
  return found;
}

/** The value with which a trial came to a rung; undefined where it did not come so far. */
const valueAt = ({ reports }: Observation, rung: number): number | undefined => reports.find(({ step }) => step >= rung)?.value;

/**
 * Stops trials early by asynchronous successive halving: at the steps 1, 3, 9, 27, … (the rungs) a trial goes on when its value is among the best third of those that
 * have come to that rung so far, itself included. Nobody waits for others.
 *
 * This is the form that stops trials where they are; nothing is taken up again later.
 *
 * Errors: `bad-value`.
 *
 * Source: Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht and Talwalkar 2018, A System for Massively Parallel Hyperparameter Tuning; stopping as in Ray Tune and
 * Syne Tune.
 *
 * @example
 * import { asha } from 'stratus';
 * const [good, bad] = [0.1, 0.9].map((value, i) => ({ number: i + 1, parameters: {}, status: 'running', reports: [{ step: 1, value }] }) as const);
 * console.log(asha().stops({ goal: 'minimize', trial: bad!, others: [good!] })); // true
 */
export function asha({ firstRung = 1, reduction = 3 }: AshaOptions = {}): Scheduler {
  checkWhole('asha', 'firstRung', firstRung, 1);
  if (!(Number.isFinite(reduction) && reduction > 1))
    throw fail('bad-value', { what: 'asha', got: `reduction = ${String(reduction)}`, want: 'a finite number above 1' });
  return {
    name: 'asha',
    options: { firstRung, reduction },
    stops({ goal, trial, others }) {
      const [previous, last] = [trial.reports.at(-2), trial.reports.at(-1)];
      if (last === undefined) return false;
      const rung = rungsUpTo(last.step, firstRung, reduction).at(-1);
      if (rung === undefined || (previous !== undefined && previous.step >= rung)) return false; // judged there before
      const own = lossOf(goal, last.value);
      if (own === Number.POSITIVE_INFINITY) return true;
      const losses = others.flatMap((other) => {
        const value = valueAt(other, rung);
        return value === undefined ? [] : [lossOf(goal, value)];
      });
      const better = losses.filter((loss) => loss < own).length;
      return better >= Math.max(1, Math.floor((losses.length + 1) / reduction));
    },
  };
}
