import type { BatchRecord, Refusal, RequestRecord, ShadowRecord, TrafficChange } from '../serve/index.ts';
import { type AlertFigures, Alerts } from './alerts/alerts.ts';
import type { AlertRule } from './alerts/rule.ts';
import { Webhook, type WebhookOptions } from './alerts/webhook.ts';
import { type DriftOptions, driftCounts } from './drift/drift.ts';
import type { FeatureCounts } from './drift/feature-counts.ts';
import type { RolloutFigures } from './drift/rollout-judge.ts';
import { Feedback, type FeedbackOptions, type Label, type LabelsTaken } from './feedback.ts';
import type { MetricsPage, ProcessesFigures } from './metrics.ts';
import type { ModelReport, ServerReport } from './model-report.ts';
import { RecentRefusals } from './recent-refusals.ts';
import { RecentTraffic, type TrafficOptions } from './recent-traffic.ts';
import { Shadows } from './shadows.ts';
import { keyOf, type WatchedModel } from './watched-model.ts';

/** What is counted of requests, by however many processes they are answered. */
export interface FiguresOptions {
  /** `GET /metrics` for Prometheus; true unless told. 'triton': also under Triton's names. */
  readonly metrics?: boolean | 'triton' | undefined;
  readonly traffic?: TrafficOptions | undefined;
  readonly drift?: DriftOptions | undefined;
  readonly feedback?: FeedbackOptions | undefined;
  /** Rules, and where to tell when one holds. */
  readonly alerts?:
    | { readonly rules: readonly AlertRule[]; readonly webhooks?: readonly WebhookOptions[] | undefined }
    | undefined;
  /** Rules are looked at so often, in milliseconds; 10,000. */
  readonly lookMs?: number | undefined;
}

/** Where figures are of. */
export interface FiguresOf {
  /** The models that are served, at any time. */
  readonly loaded: () => readonly WatchedModel[];
  /** What is known of a version; that of `loaded` unless told. */
  readonly about?: ((model: string, version: string) => WatchedModel | undefined) | undefined;
  /** How a version stands that a traffic rule watches, where this process knows. */
  readonly rollout?: ((model: string, version: string) => RolloutFigures | undefined) | undefined;
  readonly processes?: ProcessesFigures | undefined;
  /** Has what is known brought up to date, where that takes a while. */
  readonly refresh?: (() => Promise<void>) | undefined;
  readonly report: (error: unknown) => void;
}

/** So many roll-backs are told of. */
const keptRollbacks = 20;

/** What operators are told and no place in the code says more about. */
const notice = (text: string): Error => Object.assign(new Error(text), { stack: text });

/** Everything that is counted of a server: rates, times, drift, labels, alerts, metrics. */
export class Figures {
  readonly traffic: RecentTraffic;
  readonly refusals: RecentRefusals;
  readonly shadows = new Shadows();
  readonly drift: FeatureCounts;
  readonly feedback: Feedback;
  readonly metrics: MetricsPage | undefined;
  readonly #of: FiguresOf;
  readonly #alerts: Alerts | undefined;
  readonly #webhooks: readonly Webhook[];
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #rollbacks: ServerReport['rollbacks'] = [];

  /** Made by {@link openFigures}. */
  constructor(
    of: FiguresOf,
    { traffic, drift, feedback, alerts, lookMs = 10_000 }: FiguresOptions,
    metrics: MetricsPage | undefined,
  ) {
    const { report } = of;
    this.#of = of;
    this.metrics = metrics;
    this.traffic = new RecentTraffic(traffic);
    this.refusals = new RecentRefusals(traffic);
    this.drift = driftCounts(drift);
    this.feedback = new Feedback((name, version) => this.about(name, version), feedback);
    this.#webhooks = (alerts?.webhooks ?? []).map((webhook) => new Webhook({ report, ...webhook }));
    this.#alerts =
      alerts &&
      new Alerts(alerts.rules, (alert) => {
        for (const webhook of this.#webhooks) webhook.send(alert);
        if (this.#webhooks.length === 0)
          report(notice(`Alert ${alert.status}: ${alert.rule} (${alert.model}, version ${alert.version})`));
      });
    const look = async (): Promise<void> => {
      await of.refresh?.();
      this.look();
    };
    if (this.#alerts) this.#timer = setInterval(() => void look().catch(report), lookMs).unref();
  }

  /** What is known of a version. */
  about(name: string, version: string): WatchedModel | undefined {
    const { about, loaded } = this.#of;
    return about ? about(name, version) : loaded().find((own) => own.name === name && own.version === version);
  }

  request(record: RequestRecord): void {
    this.traffic.request(record);
    this.metrics?.observer.request?.(record);
  }

  batch(record: BatchRecord): void {
    this.traffic.batch(record);
    this.metrics?.observer.batch?.(record);
  }

  refused(refusal: Refusal): void {
    this.refusals.refused(refusal);
    this.metrics?.observer.refused?.(refusal);
  }

  shadowed(record: ShadowRecord): void {
    this.shadows.shadowed(record);
  }

  /** Tells the webhooks, or who runs the server, when a traffic rule was rolled back. */
  trafficChanged({ kind, ...change }: TrafficChange): void {
    if (kind !== 'rollback') return;
    const { model, why, at } = change;
    this.#rollbacks = [...this.#rollbacks, { model, why, at }].slice(-keptRollbacks);
    for (const webhook of this.#webhooks) webhook.send({ status: 'rolled-back', ...change });
    if (this.#webhooks.length === 0)
      this.#of.report(notice(`Rolled back: the traffic rule before holds again for the model ${model}. ${why}`));
  }

  /** Looks at the rules of alerts now. */
  look(): void {
    this.#alerts?.look(this.report().models.map(figuresOf));
  }

  /** Everything that is known, of one model or of all. */
  report(model?: string): ServerReport {
    const firing = this.#alerts?.firing ?? [];
    const { loaded, processes, rollout } = this.#of;
    const models = loaded()
      .filter(({ name }) => model === undefined || name === model)
      .map(
        ({ name, version, waiting }): ModelReport => ({
          model: name,
          version,
          ...(waiting !== undefined && { waiting }),
          traffic: this.traffic.figures(name, version),
          drift: this.drift.figures(keyOf(name, version)),
          rollout: rollout?.(name, version),
          shadow: this.shadows.figures(name, version),
          accuracy: this.feedback.accuracy(name, version),
          alerts: firing
            .filter((alert) => alert.model === name && alert.version === version)
            .map(({ rule, since }) => ({ rule, since })),
        }),
      );
    return {
      at: new Date().toISOString(),
      upMs: Math.round(performance.now() - this.#startedAt),
      memoryBytes: processes ? processes.sum().residentBytes : process.memoryUsage.rss(),
      refused: this.refusals.figures(),
      rollbacks: this.#rollbacks.filter((one) => model === undefined || one.model === model),
      models,
    };
  }

  /** The names of the models that are served. */
  names(): readonly string[] {
    return [...new Set(this.#of.loaded().map(({ name }) => name))];
  }

  /** Takes in labels. Errors: `bad-request`. */
  label(model: string, labels: readonly Label[]): LabelsTaken {
    return this.feedback.take(model, labels);
  }

  close(): void {
    clearInterval(this.#timer);
    this.metrics?.close();
    for (const webhook of this.#webhooks) webhook.close();
  }
}

/** What rules are about. */
export function figuresOf({ model, version, traffic, drift, accuracy }: ModelReport): AlertFigures {
  const { requests, errors, perSecond, p50, p99, queueP99 } = traffic;
  const most = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter((x) => x !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const values = {
    errorRate: requests === 0 ? undefined : errors / requests,
    requestsPerSecond: perSecond,
    p50,
    p99,
    queueP99,
    drift: most(drift.map(({ psi }) => psi)),
    unseen: most(drift.map(({ unseen }) => unseen)),
    accuracy: accuracy.accuracy,
  };
  const known = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as AlertFigures['values'];
  return { model, version, values: known, requests, labels: accuracy.labels };
}

/** Begins to count. Errors: `bad-value`, `unknown-name` for rules of alerts and addresses of webhooks that make no sense. */
export async function openFigures(of: FiguresOf, options: FiguresOptions): Promise<Figures> {
  const { metrics = true } = options;
  if (metrics === false) return new Figures(of, options, undefined);
  const { prometheusMetrics } = await import('./metrics.ts');
  let figures: Figures | undefined;
  const page = await prometheusMetrics({
    triton: metrics === 'triton',
    loaded: of.loaded,
    processes: of.processes,
    figures: () =>
      (figures?.report().models ?? []).map(({ model, version, drift, accuracy, shadow }) => ({
        name: model,
        version,
        drift,
        accuracy: accuracy.accuracy,
        shadow,
      })),
  });
  try {
    figures = new Figures(of, options, page);
    return figures;
  } catch (e) {
    page.close();
    throw e;
  }
}
