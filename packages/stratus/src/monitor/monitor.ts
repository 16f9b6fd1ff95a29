import type { ServingObserver, ServingTraces, TrafficChange, WatchDrift } from '../serve/index.ts';
import { DriftWatch } from './drift/drift.ts';
import type { Label, LabelsTaken } from './feedback.ts';
import { type Figures, type FiguresOptions, openFigures } from './figures.ts';
import { type Answer, Front, type FrontOptions, type ScopeOptions, tracesOf, writeReport } from './front.ts';
import type { MetricsPage } from './metrics.ts';
import type { ServerReport } from './model-report.ts';
import { joinObservers } from './observers.ts';
import type { RequestScope } from './request-scope.ts';
import type { WatchedModel } from './watched-model.ts';

/** What is watched of a server that answers for models. */
export interface MonitorOptions extends FiguresOptions, FrontOptions {
  /** Is told of what goes wrong with watching. Writes it to standard error unless told. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** A server that is watched, and what is asked about it: by this process or by several. */
export interface Watching {
  /** What a data plane tells. */
  readonly observer: Required<ServingObserver>;
  readonly metrics: Pick<MetricsPage, 'text' | 'contentType'> | undefined;
  /** The names of the models that are served. */
  names(): readonly string[];
  /** Everything that is known, of one model or of all. */
  report(model?: string): ServerReport | Promise<ServerReport>;
  /** Takes in labels. Errors: `bad-request`. */
  label(model: string, labels: readonly Label[]): LabelsTaken | Promise<LabelsTaken>;
  /** What follows requests through a data plane; undefined where it is left out. */
  readonly traces: ServingTraces | undefined;
  /** Watches how far versions move while a traffic rule holds: for a data plane; undefined where answers are of no interest. */
  readonly watchDrift: WatchDrift | undefined;
  /** Tells the webhooks, or who runs the server, when a traffic rule was rolled back. */
  trafficChanged(change: TrafficChange): void;
  /** True where every request has a line in the log: then whoever answers one says when it is over. */
  readonly logs: boolean;
  /** The scope of a request that says this is its id. */
  open(given: string | null): RequestScope;
  /** Answers a request within its scope: with an id that its answer, its line in the log and its spans have. */
  within(request: Request, answer: Answer, options?: ScopeOptions): Promise<Response>;
  /** Stops watching, and writes what waits. */
  close(): Promise<void>;
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
export class Monitor implements Watching {
  /** What a data plane tells. */
  readonly observer: Required<ServingObserver>;
  readonly metrics: MetricsPage | undefined;
  /** What follows requests through a data plane; undefined where it is left out. */
  readonly traces: ServingTraces | undefined;
  readonly #figures: Figures;
  readonly #front: Front;
  readonly #drift: DriftWatch;

  /** @internal */
  constructor(
    figures: Figures,
    front: Front,
    { report, drift }: { readonly report: (error: unknown) => void; readonly drift: DriftWatch },
  ) {
    this.#figures = figures;
    this.#front = front;
    this.#drift = drift;
    this.metrics = figures.metrics;
    this.traces = front.traces;
    this.observer = joinObservers([front.before, figures, ...front.after, figures.feedback, drift], report);
  }

  /** Looks at the rules of alerts now. */
  look(): void {
    this.#figures.look();
  }

  /** Everything that is known, of one model or of all. */
  report(model?: string): ServerReport {
    return this.#figures.report(model);
  }

  /** Watches how far versions move while a traffic rule holds: for a data plane. */
  get watchDrift(): WatchDrift {
    return this.#drift.watchRollout;
  }

  /** Tells the webhooks, or who runs the server, when a traffic rule was rolled back. */
  trafficChanged(change: TrafficChange): void {
    this.#figures.trafficChanged(change);
  }

  /** The names of the models that are served. */
  names(): readonly string[] {
    return this.#figures.names();
  }

  /** Takes in labels. Errors: `bad-request`. */
  label(model: string, labels: readonly Label[]): LabelsTaken {
    return this.#figures.label(model, labels);
  }

  /** How many requests were captured, and how many were to be and were not. */
  get captured(): Front['captured'] {
    return this.#front.captured;
  }

  /** True where every request has a line in the log: then whoever answers one says when it is over. */
  get logs(): boolean {
    return this.#front.logs;
  }

  /** The scope of a request that says this is its id. */
  open(given: string | null): RequestScope {
    return this.#front.open(given);
  }

  /** Answers a request within its scope: with an id that its answer, its line in the log and its spans have. */
  within(request: Request, answer: Answer, options?: ScopeOptions): Promise<Response> {
    return this.#front.within(request, answer, options);
  }

  /** Resolves when all answers so far have been looked at. */
  async settled(): Promise<void> {
    await this.#drift.settled();
  }

  /** Stops watching, and writes what waits. */
  async close(): Promise<void> {
    this.#figures.close();
    await this.#front.close();
  }
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
  const { report = writeReport } = options;
  const about = (name: string, version: string): WatchedModel | undefined =>
    loaded().find((own) => own.name === name && own.version === version);
  const counted: { figures?: Figures } = {};
  const drift = new DriftWatch(about, options.drift, (model, spec) => counted.figures!.drift.open(model, spec));
  const front = new Front(options, { traces: await tracesOf(options), about, report });
  const rollout = (name: string, version: string) => drift.rollout(name, version);
  const figures = await openFigures({ loaded, about, rollout, report }, options);
  counted.figures = figures;
  return new Monitor(figures, front, { report, drift });
}
