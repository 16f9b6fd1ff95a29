import { type AlertMetric, type AlertRule, checkRules } from './rule.ts';

/** The figures of one version of a model, as far as they are known. */
export interface AlertFigures {
  readonly model: string;
  readonly version: string;
  readonly values: Readonly<Partial<Record<AlertMetric, number>>>;
  /** Requests of the last minute, and labels of the last hour. */
  readonly requests: number;
  readonly labels: number;
}

/** Something has begun, or is over. */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly rule: string;
  readonly model: string;
  readonly version: string;
  readonly metric: AlertMetric;
  readonly value?: number | undefined;
  readonly limit: number;
  readonly direction: 'above' | 'below';
  /** When the figure went over its limit. */
  readonly since: string;
  readonly at: string;
}

/** A rule that holds for a version of a model. */
interface State {
  readonly rule: AlertRule;
  readonly model: string;
  readonly version: string;
  readonly sinceMs: number;
  readonly since: Date;
  isFiring: boolean;
}

/**
 * Looks at figures again and again, and tells when a rule begins to hold and when it ends: once each. A figure that nobody knows (no requests lately, a model that has left)
 * ends what fired.
 */
export class Alerts {
  readonly #rules: readonly AlertRule[];
  readonly #tell: (alert: Alert) => void;
  readonly #now: () => number;
  readonly #states = new Map<string, State>();

  /** Errors: `bad-value`, `unknown-name` for rules that make no sense. */
  constructor(
    rules: unknown,
    tell: (alert: Alert) => void,
    { now = () => performance.now() }: { readonly now?: () => number } = {},
  ) {
    this.#rules = checkRules(rules);
    this.#tell = tell;
    this.#now = now;
  }

  /** Alerts that fire now. */
  get firing(): readonly Pick<Alert, 'rule' | 'model' | 'version' | 'since'>[] {
    return [...this.#states.values()]
      .filter(({ isFiring }) => isFiring)
      .map(({ rule, model, version, since }) => ({ rule: rule.name, model, version, since: since.toISOString() }));
  }

  /** Takes a look. */
  look(all: readonly AlertFigures[]): void {
    const now = this.#now();
    const holding = new Set<string>();
    for (const rule of this.#rules) {
      for (const figures of all) {
        if (rule.model !== undefined && rule.model !== figures.model) continue;
        const value = figures.values[rule.metric];
        const seen = rule.metric === 'accuracy' ? figures.labels : figures.requests;
        if (value === undefined || seen < (rule.minimum ?? 20)) continue;
        if (!(rule.above === undefined ? value < rule.below! : value > rule.above)) continue;
        const key = JSON.stringify([rule.name, figures.model, figures.version]);
        holding.add(key);
        const { model, version } = figures;
        const state = this.#states.get(key) ?? { rule, model, version, sinceMs: now, since: new Date(), isFiring: false };
        this.#states.set(key, state);
        if (state.isFiring || now - state.sinceMs < (rule.forMs ?? 0)) continue;
        state.isFiring = true;
        this.#send('firing', state, value);
      }
    }
    for (const [key, state] of this.#states) {
      if (holding.has(key)) continue;
      this.#states.delete(key);
      if (!state.isFiring) continue;
      const value = all.find(({ model, version }) => model === state.model && version === state.version)?.values[
        state.rule.metric
      ];
      this.#send('resolved', state, value);
    }
  }

  #send(status: Alert['status'], { rule, model, version, since }: State, value: number | undefined): void {
    this.#tell({
      status,
      rule: rule.name,
      model,
      version,
      metric: rule.metric,
      ...(value !== undefined && { value }),
      limit: (rule.above ?? rule.below)!,
      direction: rule.above === undefined ? 'below' : 'above',
      since: since.toISOString(),
      at: new Date().toISOString(),
    });
  }
}
