import { fail, StratusError, type Tensor } from '@stratus/core';
import type { SignatureForm } from './compatibility.ts';
import type { Repository } from './repository.ts';
import type { RolloutDrift, RolloutHealth, WatchDrift, WatchHealth } from './rollout.ts';
import { RouteTurns } from './route-turns.ts';
import type { Servable, ServablePort } from './servable.ts';
import type { Served } from './served.ts';
import { differenceOf, type ShadowCounts, type ShadowRecord } from './shadow-report.ts';
import { statusOf } from './status.ts';
import { checkRule, checkSignatures, heaviestRoute, risenIn, type TrafficChange, type TrafficRule } from './traffic-rule.ts';
import { VersionHealth } from './version-health.ts';

/** Who changes a rule, and why. */
export interface ChangeNote {
  readonly by: string;
  readonly why?: string | undefined;
}

/** What was seen of a version. Times in milliseconds, of its last thousand requests. */
export interface VersionReport {
  readonly version: string;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** What became of a model's traffic rule. */
export interface TrafficReport {
  readonly model: string;
  readonly rule: TrafficRule | null;
  readonly versions: readonly VersionReport[];
  readonly shadow?: ShadowCounts;
}

/** What holds for a model, and what held before. */
interface State {
  readonly rule: TrafficRule | null;
  readonly turns: RouteTurns | undefined;
  readonly before: State | undefined;
  /** Versions that get more than under the rule before: what is watched. */
  readonly risen: ReadonlySet<string>;
  readonly health: Map<string, VersionHealth>;
  readonly counts: { -readonly [K in keyof ShadowCounts]: ShadowCounts[K] };
  /** Of this time that the rule holds: the same for all who follow the same changes. */
  readonly epoch: string;
  shadowing: number;
  shadowCredit: number;
  isJudged: boolean;
  drift: RolloutDrift | undefined;
  /** Judges in the place of `health`. */
  judge: RolloutHealth | undefined;
}

/** What {@link Traffic} may be told. */
export interface TrafficOptions {
  /** Is told of every change that begins here, roll-backs too. */
  readonly changed?: ((change: TrafficChange) => void) | undefined;
  /** Who watches how far versions move; without one rules cannot ask for it. */
  readonly watchDrift?: WatchDrift | undefined;
  /** Who judges versions by their failures and times; by the requests of this process alone unless told. */
  readonly watchHealth?: WatchHealth | undefined;
  /** Is told of every request that a shadow was to be asked too. */
  readonly shadowed?: ((record: ShadowRecord) => void) | undefined;
}

/** A shadow is asked so many requests at a time; more are not worth the time that they take from others. */
const mostShadows = 32;
/** Changes that are remembered for each model. */
const keptChanges = 1000;

/** Every code of an error that is not the client's fault and tells of the model: what roll-backs count. */
const isFailure = (code: string): boolean => {
  const status: number = Object.hasOwn(statusOf, code) ? statusOf[code as keyof typeof statusOf] : 500;
  return status === 500 || status === 504;
};

/**
 * Which version answers: canaries by weight or by a word in the request, shadows that are asked too, and roll-back when a version that gets more than
 * before turns out bad. A rule holds only when all of its versions are in memory and were tried.
 *
 * Errors: `bad-value` for rules that make no sense, `model-not-found` for versions that are not there, `conflict` for versions that the same clients cannot use, and for drift that cannot be
 * watched.
 * Source: nginx's smooth weighted round robin.
 *
 * @example
 * import { DataPlane, dense, input, openServable, sequential } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const bytes = await net.toBytes();
 * const versions = ['1', '2'].map((version) => openServable(bytes, { name: 'net', version }));
 * const { traffic } = new DataPlane(await Promise.all(versions));
 * const routes = [{ version: '1', weight: 95 }, { version: '2', weight: 5, header: 'next' }];
 * await traffic.set({ model: 'net', routes, rollback: { errorRate: 0.02 } }, { by: 'ann', why: 'a canary' });
 * console.log(traffic.choose('net', 'next')); // 2
 */
export class Traffic {
  readonly #repository: Repository;
  readonly #states = new Map<string, State>();
  readonly #history = new Map<string, TrafficChange[]>();
  readonly #options: TrafficOptions;

  constructor(repository: Repository, options: TrafficOptions = {}) {
    this.#repository = repository;
    this.#options = options;
    repository.routed = (model) => this.#versionsOf(model);
  }

  /** The rules that hold. */
  rules(): readonly TrafficRule[] {
    return [...this.#states.values()].flatMap(({ rule }) => rule ?? []);
  }

  /** Who changed what, when and why; the oldest first. */
  history(model: string): readonly TrafficChange[] {
    return this.#history.get(model) ?? [];
  }

  /** Sets the rule of a model, when all of its versions are ready. Errors: `bad-value`, `model-not-found`, `conflict`; those of `openServable`. */
  async set(rule: TrafficRule, { by, why = '' }: ChangeNote): Promise<void> {
    checkRule(rule);
    await this.#apply({ model: rule.model, rule, kind: 'set', by, why, at: new Date().toISOString() });
  }

  /** Ends the rule of a model: all requests go to its standard version. */
  async clear(model: string, { by, why = '' }: ChangeNote): Promise<void> {
    if (!this.#states.get(model)?.rule) throw fail('conflict', { what: `The model '${model}'`, reason: 'has no traffic rule', fix: 'There is nothing to end.' }); // biome-ignore format: one line
    await this.#apply({ model, rule: null, kind: 'set', by, why, at: new Date().toISOString() });
  }

  /** Takes over changes that were made elsewhere, the oldest first; only the last one has to hold. Errors: as `set`; then nothing has changed. */
  async follow(changes: readonly TrafficChange[]): Promise<void> {
    const last = changes.at(-1);
    if (!last) return;
    if (last.rule) checkRule(last.rule);
    await this.#ready(last);
    for (const change of changes) this.#take(change, true);
    this.#judge(last.model);
  }

  /** What was seen since the rule holds. */
  report(model: string): TrafficReport {
    const state = this.#states.get(model);
    const versions = [...(state?.health ?? [])].map(([version, health]) => ({
      version,
      requests: health.requests,
      errors: health.errors,
      p50Ms: health.quantileMs(0.5),
      p99Ms: health.quantileMs(0.99),
    }));
    return { model, rule: state?.rule ?? null, versions, ...(state?.rule?.shadow && { shadow: { ...state.counts } }) };
  }

  /** The version that a request goes to; undefined where no rule says. */
  choose(model: string, label: string | undefined): string | undefined {
    return this.#states.get(model)?.turns?.next(label).version;
  }

  /** The version that a request is read for, before it is known which answers: that of the route that it names, or the one that most go to; undefined where no rule says. */
  expects(model: string, label: string | undefined): string | undefined {
    const routes = this.#states.get(model)?.rule?.routes ?? [];
    const named = label === undefined ? undefined : routes.find(({ header }) => header === label);
    return (named ?? heaviestRoute(routes))?.version;
  }

  /** Notes what became of a request. */
  note(model: string, version: string, code: string, totalMs: number): void {
    const state = this.#states.get(model);
    if (!state?.rule) return;
    let health = state.health.get(version);
    if (!health) state.health.set(version, (health = new VersionHealth()));
    const isSeen = code === 'ok' || isFailure(code);
    if (isSeen) health.note(code !== 'ok', totalMs);
    const { rollback } = state.rule;
    if (!rollback || !isSeen || !this.#hasRisen(state, model, version)) return;
    if (state.judge) return state.judge.note(version, code !== 'ok', totalMs);
    const complaint = health.complaint(rollback);
    if (complaint !== undefined) this.#rollBack(model, state, { version, why: complaint });
  }

  /** Asks the shadow of a model what was answered already, and compares. Never in the way of anybody: its errors are counts. */
  shadow(
    model: string,
    answered: Served,
    outputs: Readonly<Record<string, Tensor>>,
    ask: (served: Served) => Promise<typeof outputs>,
  ): void {
    const state = this.#states.get(model);
    const shadow = state?.rule?.shadow;
    if (!state || !shadow) return;
    state.shadowCredit += shadow.share ?? 1;
    if (state.shadowCredit < 1) return;
    state.shadowCredit -= 1;
    const { counts } = state;
    const tell = (said: ShadowRecord['said'], difference = 0): void => {
      if (said === 'failed' || said === 'dropped') counts[said]++;
      else {
        counts.compared++;
        if (said === 'otherwise') counts.mismatched++;
        counts.largestDifference = Math.max(counts.largestDifference, difference);
      }
      const version = this.#versionOf(model, shadow.version) ?? shadow.version;
      this.#options.shadowed?.({ model, version, said, difference });
    };
    if (state.shadowing >= mostShadows) return tell('dropped');
    state.shadowing++;
    const compare = async (): Promise<void> => {
      const served = await this.#repository.hold(model, shadow.version);
      try {
        if (served === answered) return;
        const own = await ask(served);
        const { same, largest } = differenceOf(outputs, own, shadow.tolerance ?? 1e-4);
        state.drift?.said(served.servable.version, own);
        tell(same ? 'same' : 'otherwise', largest);
      } finally {
        served.letGo();
      }
    };
    const failed = (e: unknown): void => tell(StratusError.is(e) && e.code === 'busy' ? 'dropped' : 'failed');
    void compare()
      .catch(failed)
      .finally(() => void state.shadowing--);
  }

  #hasRisen({ risen }: State, model: string, version: string): boolean {
    return [...risen].some((named) => this.#versionOf(model, named) === version);
  }

  #versionOf(model: string, named?: string): string | undefined {
    try {
      return this.#repository.resolve(model, named).version;
    } catch {
      return undefined; // it was removed meanwhile
    }
  }

  #versionsOf(model: string): readonly string[] {
    const rule = this.#states.get(model)?.rule;
    if (!rule) return [];
    const named = [...rule.routes, ...(rule.shadow ? [rule.shadow] : [])];
    return named.flatMap(({ version }) => this.#versionOf(model, version) ?? []);
  }

  async #apply(change: TrafficChange): Promise<void> {
    await this.#ready(change);
    this.#take(change, false);
    this.#judge(change.model);
  }

  /** Every version of a rule is in memory and was tried, the same clients can use them, and what is to be watched can be. */
  async #ready({ model, rule }: TrafficChange): Promise<void> {
    this.#repository.resolve(model);
    if (!rule) return;
    const servables = new Map<string, Servable>();
    for (const { version } of [...rule.routes, ...(rule.shadow ? [rule.shadow] : [])]) {
      const served = await this.#repository.hold(model, version);
      servables.set(version, served.servable);
      served.letGo();
    }
    const before = this.#states.get(model)?.rule;
    checkSignatures(rule, before, (version) => signatureOf(servables.get(version)!));
    const { drift } = rule.rollback ?? {};
    if (!drift) return;
    const cannot = (reason: string, fix: string) => fail('conflict', { what: `Drift of the model '${model}'`, reason, fix });
    if (!this.#options.watchDrift)
      throw cannot('is not watched by this server', 'Start it with its monitor, or leave drift out of the rule.');
    const blind = [...risenIn(rule, before)].find((version) => servables.get(version)?.manifest?.baseline === undefined);
    if (drift.inputs === undefined || blind === undefined) return;
    const reason = `cannot be told of the inputs of version ${blind}: its file says nothing of its training`;
    throw cannot(reason, 'Save the model after training it, so that its file has statistics of the data; or limit its outputs.');
  }

  #take(change: TrafficChange, isFollowed: boolean): void {
    const { model } = change;
    const before = this.#states.get(model);
    const state = after(before, change);
    if (state !== before) {
      before?.drift?.end();
      before?.judge?.end();
      this.#states.set(model, state);
    }
    this.#remember(change, isFollowed);
  }

  /** Has what holds for a model judged, from now on. */
  #judge(model: string): void {
    const state = this.#states.get(model);
    const limits = state?.rule?.rollback;
    if (!state || !limits || state.isJudged || state.risen.size === 0) return;
    state.isJudged = true;
    const order = {
      model,
      epoch: state.epoch,
      isRisen: (version: string) => this.#hasRisen(state, model, version),
      complain: (version: string, why: string, isTold = false) => {
        if (this.#states.get(model) === state) this.#rollBack(model, state, { version, why, isTold });
      },
    };
    state.judge = this.#options.watchHealth?.({ ...order, limits });
    state.drift = limits.drift && this.#options.watchDrift?.({ ...order, limits: limits.drift });
  }

  /** At once, in the middle of a request: what it goes back to is in memory. */
  #rollBack(
    model: string,
    state: State,
    { version, why: complaint, isTold = false }: { readonly version: string; readonly why: string; readonly isTold?: boolean },
  ): void {
    const rule = state.before?.rule ?? this.#without(model, version, state.rule);
    const why = `Version ${version}: ${complaint}.`;
    this.#take({ model, rule, kind: 'rollback', by: 'stratus', why, at: new Date().toISOString() }, isTold);
    this.#judge(model);
  }

  /** Where no rule held before, all requests go to the standard version again; where that is the bad one itself, to the others of the rule. */
  #without(model: string, bad: string, rule: TrafficRule | null): TrafficRule | null {
    if (this.#versionOf(model) !== bad || !rule) return null;
    const routes = rule.routes.filter(({ version }) => this.#versionOf(model, version) !== bad);
    return routes.some(({ weight }) => weight > 0) ? { model, routes } : null;
  }

  #remember(change: TrafficChange, isFollowed: boolean): void {
    const list = this.#history.get(change.model) ?? [];
    list.push(change);
    this.#history.set(change.model, list.slice(-keptChanges));
    if (!isFollowed) this.#options.changed?.(change);
  }
}

const nothingSeen = () => ({
  health: new Map<string, VersionHealth>(),
  counts: { compared: 0, mismatched: 0, failed: 0, dropped: 0, largestDifference: 0 },
  shadowing: 0,
  shadowCredit: 0,
  isJudged: false,
  drift: undefined,
  judge: undefined,
});

const stateOf = (rule: TrafficRule | null, epoch: string, before: State | undefined): State => ({
  rule,
  epoch,
  turns: rule ? new RouteTurns(rule.routes) : undefined,
  before,
  risen: risenIn(rule, before?.rule),
  ...nothingSeen(),
});

/** A state that holds again: what was seen of it earlier says nothing. */
const fresh = (state: State): State => ({
  ...state,
  epoch: `${state.epoch}'`,
  turns: state.rule ? new RouteTurns(state.rule.routes) : undefined,
  ...nothingSeen(),
});

const isSame = (one: TrafficRule | null | undefined, other: TrafficRule | null): boolean =>
  JSON.stringify(one ?? null) === JSON.stringify(other);

/** What holds after a change. The same change twice, as when two servers find the same version bad, is like once. */
function after(now: State | undefined, { rule, kind, at }: TrafficChange): State {
  if (now && isSame(now.rule, rule)) return now;
  if (kind === 'set') return stateOf(rule, at, now);
  if (now?.before && isSame(now.before.rule, rule)) return fresh(now.before);
  return { ...stateOf(rule, at, undefined), risen: new Set() };
}

/** What clients give and get. */
const signatureOf = ({ inputs, outputs }: Servable): SignatureForm => {
  const form = ({ name, dtype, dims, anyRank }: ServablePort) => ({ name, dtype, shape: anyRank ? null : dims });
  return { inputs: inputs.map(form), outputs: outputs.map(form) };
};
