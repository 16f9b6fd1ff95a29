import { fail } from '@stratus/core';
import { incompatibility, type SignatureForm } from './compatibility.ts';

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
  /** How far what comes to it, and what it says, may move. */
  readonly drift?: DriftLimits | undefined;
}

/**
 * How far a version may move, as a population stability index: 0.1 is some, 0.25 much. It counts when a test (Kolmogorov-Smirnov for numbers, chi-square for categories) says that it is
 * no chance, and when it was so at three looks in a row.
 */
export interface DriftLimits {
  /** Of each input from the training, as the version's file has it; also the share of missing values that is more or less than there. */
  readonly inputs?: number | undefined;
  /** Of each output from what the versions that were there before say to their share of the requests since the rule holds: of classes how often each is chosen, not how sure a version is. */
  readonly outputs?: number | undefined;
  /** Nothing is said of fewer samples, of either side; 500 unless told. */
  readonly minRows?: number | undefined;
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
    unknown(rollback, ['errorRate', 'p99Ms', 'minRequests', 'drift'], 'rollback');
    const { errorRate, p99Ms, minRequests = 100, drift } = rollback;
    need((errorRate ?? p99Ms ?? drift) !== undefined, 'rollback', rollback, 'errorRate, p99Ms, drift or several of them');
    need(errorRate === undefined || isShare(errorRate), 'errorRate', errorRate, 'a number from 0 to 1');
    need(p99Ms === undefined || (Number.isFinite(p99Ms) && p99Ms > 0), 'p99Ms', p99Ms, 'milliseconds above 0');
    need(Number.isSafeInteger(minRequests) && minRequests > 0, 'minRequests', minRequests, 'a whole number from 1');
    if (drift !== undefined) checkDrift(drift);
  }
  return rule;

  function checkDrift(drift: DriftLimits): void {
    need(typeof drift === 'object' && drift !== null, 'drift', drift, 'an object');
    unknown(drift, ['inputs', 'outputs', 'minRows'], 'drift');
    const { inputs, outputs, minRows = 500 } = drift;
    need((inputs ?? outputs) !== undefined, 'drift', drift, 'inputs, outputs or both');
    for (const [name, limit] of Object.entries({ inputs, outputs }))
      need(limit === undefined || (Number.isFinite(limit) && limit > 0), `drift of ${name}`, limit, 'a number above 0: 0.25');
    need(isMinimum(minRows), "drift's minRows", minRows, 'a whole number from 50 to 100,000');
    const sides = routes.filter(({ weight }) => weight > 0).length + (shadow ? 1 : 0);
    need(
      outputs === undefined || sides > 1,
      'drift of outputs',
      outputs,
      'another version to compare with: a second route, or a shadow',
    );
  }
}

/** Of fewer samples no index says anything; more are not kept. */
const isMinimum = (rows: unknown): boolean => Number.isSafeInteger(rows) && (rows as number) >= 50 && (rows as number) <= 100_000;

/** Shares of the versions under a rule; without one nobody has any that could be compared. */
export function sharesOf(rule: TrafficRule | null | undefined): ReadonlyMap<string, number> {
  const total = rule?.routes.reduce((sum, { weight }) => sum + weight, 0) ?? 0;
  return new Map(rule?.routes.map(({ version, weight }) => [version, weight / total]));
}

/** The route that most requests go to. */
export const heaviestRoute = (routes: readonly Route[]): Route | undefined =>
  routes.reduce<Route | undefined>(
    (most, route) => (most !== undefined && most.weight >= route.weight ? most : route),
    undefined,
  );

/** Versions, as the rule names them, that get more than under the rule before: what is watched. Where no rule held before, the one that gets most is what was there. */
export function risenIn(rule: TrafficRule | null, before: TrafficRule | null | undefined): ReadonlySet<string> {
  const most = heaviestRoute(rule?.routes ?? []);
  const known = before ? sharesOf(before) : new Map(most && [[most.version, 1]]);
  return new Set(
    [...sharesOf(rule)].filter(([version, share]) => share > (known.get(version) ?? -1)).map(([version]) => version),
  );
}

/**
 * Checks that whoever uses one version of a rule can use the others, since clients do not know which answers them: signatures by the names that the rule gives. What is asked by name alone may differ;
 * of a shadow nobody gets the answers. A version without a signature is not judged. Errors: `conflict`.
 */
export function checkSignatures(
  rule: TrafficRule,
  before: TrafficRule | null | undefined,
  signatureOf: (version: string) => SignatureForm | undefined,
): void {
  const shared = rule.routes.filter(({ weight }) => weight > 0);
  if (shared.length === 0) return; // no rule: `checkRule` says so
  const risen = risenIn(rule, before);
  const stable = heaviestRoute(shared.filter(({ version }) => !risen.has(version))) ?? heaviestRoute(shared)!;
  const now = signatureOf(stable.version);
  const check = (version: string, as: string, answers: boolean): void => {
    const next = version === stable.version ? undefined : signatureOf(version);
    const reason = now && next && incompatibility(now, next, { answers });
    if (reason === undefined) return;
    throw fail('conflict', {
      what: `Version ${version} of the model '${rule.model}'`,
      reason: `cannot be ${as} version ${stable.version}: ${reason}`,
      fix: answers
        ? 'Give it the weight 0 and a name (4=0:next), so that only clients that ask for it get it; or export it with the same inputs and outputs.'
        : 'Shadow it by a version with the same inputs.',
    });
  };
  for (const { version } of shared) check(version, 'asked by the clients of', true);
  if (rule.shadow) check(rule.shadow.version, 'asked what is asked of', false);
}
