import pico from 'picocolors';
import {
  type RequestRecord,
  type ServingObserver,
  type ServingTraces,
  setFront,
  type TrafficChange,
  type WatchDrift,
} from '../serve/index.ts';
import { type AlertFigures, Alerts } from './alerts/alerts.ts';
import type { AlertRule } from './alerts/rule.ts';
import { Webhook, type WebhookOptions } from './alerts/webhook.ts';
import { Capture, type CaptureOptions } from './capture/capture.ts';
import { type DriftOptions, DriftWatch } from './drift/drift.ts';
import { Feedback, type FeedbackOptions, type Label, type LabelsTaken } from './feedback.ts';
import { jsonLine, type LogForm, textLine } from './log-line.ts';
import type { MetricsPage } from './metrics.ts';
import type { ModelReport, ServerReport } from './model-report.ts';
import { joinObservers } from './observers.ts';
import { RecentRefusals } from './recent-refusals.ts';
import { RecentTraffic, type TrafficOptions } from './recent-traffic.ts';
import { RequestLog, type WriteLine } from './request-log.ts';
import { isRequestId, type RequestScope, requestScope, withScope } from './request-scope.ts';
import type { WatchedModel } from './watched-model.ts';

/** What is watched of a server that answers for models. */
export interface MonitorOptions {
  /** `GET /metrics` for Prometheus; true unless told. 'triton': also under Triton's names. */
  readonly metrics?: boolean | 'triton' | undefined;
  readonly traffic?: TrafficOptions | undefined;
  readonly drift?: DriftOptions | undefined;
  readonly feedback?: FeedbackOptions | undefined;
  /** The log of requests; 'none' unless told. */
  readonly log?: LogForm | undefined;
  /** Where its lines go: standard error unless told. */
  readonly writeLog?: WriteLine | undefined;
  /** Lines of the form 'text' in colours; false unless told. */
  readonly logColors?: boolean | undefined;
  /** Keeps what is asked and answered; nothing unless told. */
  readonly capture?: CaptureOptions | undefined;
  /** Rules, and where to tell when one holds. */
  readonly alerts?:
    | { readonly rules: readonly AlertRule[]; readonly webhooks?: readonly WebhookOptions[] | undefined }
    | undefined;
  /** Rules are looked at so often, in milliseconds; 10,000. */
  readonly lookMs?: number | undefined;
  /** Spans of OpenTelemetry, where the program has registered an SDK; true unless told. */
  readonly traces?: boolean | undefined;
  /** Is told of what goes wrong with watching. Writes it to standard error unless told. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** The path in a URL, which the server has read before: to parse it again takes longer than all counting. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  if (start < 0) return '/';
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

/** So many roll-backs are told of. */
const keptRollbacks = 20;

/** What operators are told and no place in the code says more about. */
const notice = (text: string): Error => Object.assign(new Error(text), { stack: text });

type Answer = (request: Request) => Response | Promise<Response>;

/** How a request finds its scope. */
export interface ScopeOptions {
  /** Who answers passes on what the request carries, as `serveApp` does. Unless told, it is found wherever the answer is made, which costs more. */
  readonly carries?: boolean | undefined;
}

/**
 * Watches a server: everything that is known of its models while it runs. Made by {@link startMonitor}.
 *
 * @example
 * import { type Monitor, startMonitor } from 'stratus';
 * const monitor: Monitor = await startMonitor(() => [], { metrics: false });
 * console.log(monitor.report().models.length); // 0
 * await monitor.close();
 */
export class Monitor {
  /** What a data plane tells. */
  readonly observer: Required<ServingObserver>;
  readonly metrics: MetricsPage | undefined;
  /** What follows requests through a data plane; undefined where it is left out. */
  readonly traces: ServingTraces | undefined;
  readonly #loaded: () => readonly WatchedModel[];
  readonly #report: (error: unknown) => void;
  readonly #traffic: RecentTraffic;
  #rollbacks: ServerReport['rollbacks'] = [];
  readonly #refusals: RecentRefusals;
  readonly #drift: DriftWatch;
  readonly #feedback: Feedback;
  readonly #log: RequestLog | undefined;
  readonly #capture: Capture | undefined;
  readonly #alerts: Alerts | undefined;
  readonly #webhooks: readonly Webhook[];
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;

  /** @internal */
  constructor(
    loaded: () => readonly WatchedModel[],
    {
      traffic,
      drift,
      feedback,
      log = 'none',
      writeLog,
      logColors = false,
      capture,
      alerts,
      lookMs = 10_000,
      ...rest
    }: MonitorOptions,
    {
      metrics,
      traces,
    }: { readonly metrics?: ((monitor: Monitor) => MetricsPage) | undefined; readonly traces?: ServingTraces | undefined },
  ) {
    const report =
      rest.report ?? ((e: unknown) => void process.stderr.write(`${e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`));
    const about = (name: string, version: string) => loaded().find((own) => own.name === name && own.version === version);
    this.#loaded = loaded;
    this.#report = report;
    this.#traffic = new RecentTraffic(traffic);
    this.#refusals = new RecentRefusals(traffic);
    this.#drift = new DriftWatch(about, drift);
    this.#feedback = new Feedback(about, feedback);
    this.#capture = capture && new Capture({ report, ...capture }, about);
    const colors = pico.createColors(logColors);
    if (log !== 'none')
      this.#log = new RequestLog(
        log === 'json' ? jsonLine : (entry) => textLine(entry, colors),
        writeLog ?? ((lines) => void process.stderr.write(lines)),
      );
    this.#webhooks = (alerts?.webhooks ?? []).map((webhook) => new Webhook({ report, ...webhook }));
    this.#alerts =
      alerts &&
      new Alerts(alerts.rules, (alert) => {
        for (const webhook of this.#webhooks) webhook.send(alert);
        if (this.#webhooks.length === 0)
          report(notice(`Alert ${alert.status}: ${alert.rule} (${alert.model}, version ${alert.version})`));
      });
    if (this.#alerts) this.#timer = setInterval(() => this.look(), lookMs).unref();
    this.metrics = metrics?.(this);
    this.traces = traces;
    const scoped: ServingObserver = {
      request(record: RequestRecord) {
        const scope = requestScope(record);
        if (scope) scope.record = record;
      },
    };
    this.observer = joinObservers(
      [scoped, this.#traffic, this.#refusals, this.metrics?.observer, this.#log, this.#feedback, this.#drift, this.#capture],
      report,
    );
  }

  /** Looks at the rules of alerts now. */
  look(): void {
    this.#alerts?.look(this.report().models.map(figuresOf));
  }

  /** Everything that is known, of one model or of all. */
  report(model?: string): ServerReport {
    const firing = this.#alerts?.firing ?? [];
    const models = this.#loaded()
      .filter(({ name }) => model === undefined || name === model)
      .map(
        ({ name, version, waiting }): ModelReport => ({
          model: name,
          version,
          ...(waiting !== undefined && { waiting }),
          traffic: this.#traffic.figures(name, version),
          drift: this.#drift.features(name, version),
          rollout: this.#drift.rollout(name, version),
          accuracy: this.#feedback.accuracy(name, version),
          alerts: firing
            .filter((alert) => alert.model === name && alert.version === version)
            .map(({ rule, since }) => ({ rule, since })),
        }),
      );
    return {
      at: new Date().toISOString(),
      upMs: Math.round(performance.now() - this.#startedAt),
      memoryBytes: process.memoryUsage.rss(),
      refused: this.#refusals.figures(),
      rollbacks: this.#rollbacks.filter((one) => model === undefined || one.model === model),
      models,
    };
  }

  /** Watches how far versions move while a traffic rule holds: for a data plane. */
  get watchDrift(): WatchDrift {
    return this.#drift.watchRollout;
  }

  /** Tells the webhooks, or who runs the server, when a traffic rule was rolled back. */
  trafficChanged({ kind, ...change }: TrafficChange): void {
    if (kind !== 'rollback') return;
    const { model, why, at } = change;
    this.#rollbacks = [...this.#rollbacks, { model, why, at }].slice(-keptRollbacks);
    for (const webhook of this.#webhooks) webhook.send({ status: 'rolled-back', ...change });
    if (this.#webhooks.length === 0)
      this.#report(notice(`Rolled back: the traffic rule before holds again for the model ${model}. ${why}`));
  }

  /** The names of the models that are served. */
  names(): readonly string[] {
    return [...new Set(this.#loaded().map(({ name }) => name))];
  }

  /** Takes in labels. Errors: `bad-request`. */
  label(model: string, labels: readonly Label[]): LabelsTaken {
    return this.#feedback.take(model, labels);
  }

  /** How many requests were captured, and how many were to be and were not. */
  get captured(): Capture['counts'] | undefined {
    return this.#capture?.counts;
  }

  /** True where every request has a line in the log: then whoever answers one says when it is over. */
  get logs(): boolean {
    return this.#log !== undefined;
  }

  /** The scope of a request that says this is its id. */
  open(given: string | null): RequestScope {
    return { requestId: given !== null && isRequestId(given) ? given : crypto.randomUUID() };
  }

  /** Answers a request within its scope: with an id that its answer, its line in the log and its spans have. */
  async within(request: Request, answer: Answer, { carries = false }: ScopeOptions = {}): Promise<Response> {
    const scope = this.open(request.headers.get('x-request-id'));
    const start = performance.now();
    if (carries) setFront(request, scope);
    const response = await (carries ? answer(request) : withScope(scope, () => answer(request)));
    if (!response.headers.has('x-hono-already-sent')) response.headers.set('x-request-id', scope.requestId);
    if (this.#log) {
      this.#log.ended(scope, {
        method: request.method,
        path: pathOf(request.url),
        status: response.status,
        ms: performance.now() - start,
      });
    }
    return response;
  }

  /** Resolves when all answers so far have been looked at. */
  async settled(): Promise<void> {
    await this.#drift.settled();
  }

  /** Stops watching, and writes what waits. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.metrics?.close();
    this.#log?.flush();
    for (const webhook of this.#webhooks) webhook.close();
    await this.#capture?.close();
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

/**
 * Begins to watch a server. `loaded` tells which models it has, at any time; `monitor.observer` goes to the data plane, `monitorApp` answers what is asked about it.
 *
 * Errors: `bad-value`, `unknown-name` for rules of alerts, addresses of webhooks and options of capture that make no sense.
 *
 * @example
 * import { DataPlane, dense, input, loadedModels, openServable, sequential, startMonitor, tensor } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const monitor = await startMonitor(() => loadedModels(plane));
 * const plane = new DataPlane([await openServable(await net.toBytes(), { name: 'net' })], { observer: monitor.observer });
 * await plane.compute('net', { x: tensor([[1, 2]]) });
 * console.log(monitor.report().models[0].traffic.requests); // 1
 * await monitor.close();
 */
export async function startMonitor(loaded: () => readonly WatchedModel[], options: MonitorOptions = {}): Promise<Monitor> {
  const { metrics = true, traces = true } = options;
  const spans = traces ? await (await import('./traces.ts')).requestTraces() : undefined;
  if (metrics === false) return new Monitor(loaded, options, { traces: spans });
  const { prometheusMetrics } = await import('./metrics.ts');
  let monitor: Monitor | undefined;
  const page = await prometheusMetrics({
    triton: metrics === 'triton',
    loaded,
    figures: () =>
      (monitor?.report().models ?? []).map(({ model, version, drift, accuracy }) => ({
        name: model,
        version,
        drift,
        accuracy: accuracy.accuracy,
      })),
  });
  try {
    monitor = new Monitor(loaded, options, { traces: spans, metrics: () => page });
    return monitor;
  } catch (e) {
    page.close();
    throw e;
  }
}
