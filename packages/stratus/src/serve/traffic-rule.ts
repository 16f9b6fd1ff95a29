import { fail } from '@stratus/core';

/** Where a part of a model's requests goes. */
export interface Route {
  /** A version, or an alias: '3', '@production'. */
  readonly version: string;
  /** Its share of the requests, beside those of the other routes. 0 for one that is only asked by name. */
  readonly weight: number;
  /** Requests that carry this word go here, whatever the weights: the header `stratus-route` over HTTP. */
  readonly header?: string | undefined;
}

/** A version that is asked everything too, to see whether it says the same. Nobody gets its answers. */
export interface Shadow {
  readonly version: string;
  /** The share of requests that it is asked, from 0 to 1; 1 unless told. */
  readonly share?: number | undefined;
  /** Numbers that differ by no more than this, absolute and relative, are the same; 1e-4 unless told. */
  readonly tolerance?: number | undefined;
}

/** When a version that gets more requests than before is found bad, the rule before is put back. */
export interface RollbackLimits {
  /** The share of requests that fail through no fault of the client, from 0 to 1. */
  readonly errorRate?: number | undefined;
  /** 99 of 100 requests are answered within so many milliseconds. */
  readonly p99Ms?: number | undefined;
  /** Nothing is said of fewer requests; 100 unless told. */
  readonly minRequests?: number | undefined;
}

/** How the requests to a model that name no version are spread over its versions. */
export interface TrafficRule {
  readonly model: string;
  readonly routes: readonly Route[];
  readonly shadow?: Shadow | undefined;
  readonly rollback?: RollbackLimits | undefined;
}

/** A rule began to hold, or ended. */
export interface TrafficChange {
  readonly model: string;
  /** What holds from then on; null when it is the model's standard version again. */
  readonly rule: TrafficRule | null;
  /** A roll-back puts back what held before the change before. */
  readonly kind: 'set' | 'rollback';
  readonly by: string;
  readonly why: string;
  /** ISO 8601. */
  readonly at: string;
}

const isShare = (x: unknown): boolean => typeof x === 'number' && x >= 0 && x <= 1;
const isName = (x: unknown): boolean => typeof x === 'string' && x.length > 0 && x.length <= 200;

/** Checks a rule, wherever it comes from. Errors: `bad-value`. */
export function checkRule(rule: TrafficRule): TrafficRule {
  const need = (holds: boolean, what: string, got: unknown, want: string): void => {
    if (!holds) throw fail('bad-value', { what: `the traffic rule's ${what}`, got: JSON.stringify(got) ?? 'nothing', want });
  };
  const unknown = (value: object, known: readonly string[], what: string): void => {
    for (const key of Object.keys(value)) need(known.includes(key), what, key, `only ${known.join(', ')}`);
  };
  need(typeof rule === 'object' && rule !== null, 'form', rule, 'an object');
  const { model, routes, shadow, rollback } = rule;
  unknown(rule, ['model', 'routes', 'shadow', 'rollback'], 'keys');
  need(isName(model), 'model', model, 'the name of a model');
  need(Array.isArray(routes) && routes.length > 0 && routes.length <= 100, 'routes', routes, '1 to 100 of them');
  for (const route of routes) {
    need(typeof route === 'object' && route !== null, 'route', route, 'an object');
    unknown(route, ['version', 'weight', 'header'], 'route');
    need(isName(route.version), 'version', route.version, "a version or an alias: '3', '@production'");
    need(Number.isFinite(route.weight) && route.weight >= 0, 'weight', route.weight, 'a number from 0');
    need(route.header === undefined || isName(route.header), 'header', route.header, 'a word');
  }
  const twice = (values: readonly unknown[]): boolean => new Set(values).size < values.length;
  need(!twice(routes.map(({ version }) => version)), 'routes', routes, 'one for each version');
  need(!twice(routes.flatMap(({ header }) => header ?? [])), 'routes', routes, 'another header each');
  const total = routes.reduce((sum, { weight }) => sum + weight, 0);
  need(total > 0 && Number.isFinite(total), 'weights', total, 'a sum above 0');
  if (shadow !== undefined) {
    need(typeof shadow === 'object' && shadow !== null, 'shadow', shadow, 'an object');
    unknown(shadow, ['version', 'share', 'tolerance'], 'shadow');
    need(isName(shadow.version), "shadow's version", shadow.version, 'a version or an alias');
    need(shadow.share === undefined || isShare(shadow.share), "shadow's share", shadow.share, 'a number from 0 to 1');
    const { tolerance = 0 } = shadow;
    need(Number.isFinite(tolerance) && tolerance >= 0, "shadow's tolerance", tolerance, 'a number from 0');
  }
  if (rollback !== undefined) {
    need(typeof rollback === 'object' && rollback !== null, 'rollback', rollback, 'an object');
    unknown(rollback, ['errorRate', 'p99Ms', 'minRequests'], 'rollback');
    const { errorRate, p99Ms, minRequests = 100 } = rollback;
    need(errorRate !== undefined || p99Ms !== undefined, 'rollback', rollback, 'errorRate, p99Ms or both');
    need(errorRate === undefined || isShare(errorRate), 'errorRate', errorRate, 'a number from 0 to 1');
    need(p99Ms === undefined || (Number.isFinite(p99Ms) && p99Ms > 0), 'p99Ms', p99Ms, 'milliseconds above 0');
    need(Number.isSafeInteger(minRequests) && minRequests > 0, 'minRequests', minRequests, 'a whole number from 1');
  }
  return rule;
}
