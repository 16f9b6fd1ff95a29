import { fail, lookUp } from '@stratus/core';

/** What a rule may be about; each is a number of one version of a model. Shares are from 0 to 1, times in milliseconds. */
export const alertMetrics = {
  errorRate: 'the share of requests of the last minute that failed',
  requestsPerSecond: 'requests a second',
  p50: 'the time that half of the requests took at most',
  p99: 'the time that 99 % of the requests took at most',
  queueP99: 'the time that 99 % of the requests waited at most',
  drift: 'the largest population stability index of its features',
  unseen: 'the largest share of values that the training had not',
  accuracy: 'the share of answers that agree with their labels',
} as const;

/** The name of a figure that rules are about. */
export type AlertMetric = keyof typeof alertMetrics;

/** When somebody is to be told, as data. */
export interface AlertRule {
  /** What it is called in alerts. */
  readonly name: string;
  readonly metric: AlertMetric;
  /** Of this model alone; of every one unless told. */
  readonly model?: string | undefined;
  /** One of both: fires while the figure is above, or below. */
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  /** It has to be so for so many milliseconds; 0 unless told. */
  readonly forMs?: number | undefined;
  /** Nothing is said before so many requests of the last minute (for accuracy: labels of the last hour) are there; 20 unless told. */
  readonly minimum?: number | undefined;
}

const known = ['name', 'metric', 'model', 'above', 'below', 'forMs', 'minimum'];

/** Checks rules that were written by hand. Errors: `bad-value`, `unknown-name`. */
export function checkRules(rules: unknown): readonly AlertRule[] {
  const bad = (at: string, got: unknown, want: string) =>
    fail('bad-value', { what: 'alert rules', at, got: JSON.stringify(got)?.slice(0, 100) ?? String(got), want });
  if (!Array.isArray(rules)) throw bad('', rules, 'a list of rules');
  const names = new Set<string>();
  for (const [i, rule] of (rules as unknown[]).entries()) {
    const at = `rule ${i + 1}`;
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule))
      throw bad(at, rule, '{ name, metric, above or below, forMs }');
    for (const key of Object.keys(rule))
      lookUp('field of an alert rule', Object.fromEntries(known.map((name) => [name, true])), key);
    const { name, metric, model, above, below, forMs = 0, minimum = 20 } = rule as Partial<Record<keyof AlertRule, unknown>>;
    if (typeof name !== 'string' || name === '' || names.has(name))
      throw bad(`${at}, name`, name, 'a name that no other rule has');
    names.add(name);
    lookUp('metric of alerts', alertMetrics, String(metric));
    if (model !== undefined && typeof model !== 'string') throw bad(`${name}, model`, model, 'the name of a model');
    if ((above === undefined) === (below === undefined)) throw bad(name, { above, below }, 'either above or below');
    const limit = above ?? below;
    if (typeof limit !== 'number' || !Number.isFinite(limit)) throw bad(name, limit, 'a number as limit');
    for (const [field, value] of Object.entries({ forMs, minimum }))
      if (typeof value !== 'number' || !(value >= 0)) throw bad(`${name}, ${field}`, value, 'a number from 0');
  }
  return rules as readonly AlertRule[];
}
