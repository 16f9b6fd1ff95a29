import { fail, lookUp } from '@stratus/core';
import { figure } from '../../progress/index.ts';
import type { Evaluate, Gate, Subject } from './gate.ts';

/** A metric on a named set of data must not be worse than that of the version that the alias has now; both are measured anew. */
export interface MetricRule {
  readonly name: string;
  /** A data set or a file, as `stratus evaluate` takes it. */
  readonly data: string;
  readonly split?: string;
  /** Which direction is worse; 'lower' where it is left out. */
  readonly worse?: 'lower' | 'higher';
  /** By how much it may be worse; 0 where it is left out. */
  readonly by?: number;
}

async function measured(evaluate: Evaluate, { name, data, split }: MetricRule, subject: Subject): Promise<number> {
  const { model, number } = subject.version;
  const figures = await evaluate(await subject.bytes(), { data, split, name: `${model}:${number}` });
  const value = lookUp(`metric of ${model}:${number}`, figures, name);
  if (typeof value === 'number') return value;
  throw fail('bad-value', { what: `the metric '${name}'`, got: 'more than one number', want: 'a metric that is one number' });
}

export const metricGate: Gate<MetricRule> = {
  title: ({ name, data, split }) => `${name} on ${data}${split === undefined ? '' : ` (${split})`}`,
  asks: ({ worse = 'lower', by = 0 }) => `not ${worse} than now${by === 0 ? '' : ` by more than ${figure(by)}`}`,
  fault: ({ name, data, split, worse = 'lower', by = 0 }) =>
    [name, data].every((text) => typeof text === 'string' && text !== '') &&
    (split === undefined || typeof split === 'string') &&
    (worse === 'lower' || worse === 'higher') &&
    Number.isFinite(by) &&
    by >= 0
      ? undefined
      : "the name of a metric, the name of data, worse: 'lower' or 'higher', and by: a number from 0",
  async check(rule, candidate, current, { evaluate }) {
    const { worse = 'lower', by = 0 } = rule;
    const got = await measured(evaluate, rule, candidate);
    if (current === undefined)
      return { passed: Number.isFinite(got), got: figure(got), want: 'a finite number: there is no version to compare with' };
    const now = await measured(evaluate, rule, current);
    // A current version that answers NaN asks for nothing more than a number.
    const passed = Number.isFinite(got) && (Number.isNaN(now) || (worse === 'lower' ? got >= now - by : got <= now + by));
    const limit = figure(worse === 'lower' ? now - by : now + by);
    const { model, number } = current.version;
    return {
      passed,
      got: figure(got),
      want: `${worse === 'lower' ? 'at least' : 'at most'} ${limit}; ${model}:${number} has ${figure(now)}`,
    };
  },
};
