import { createRequire } from 'node:module';
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ServingObserver, ShadowCounts } from '../serve/index.ts';
import { type ProcessFigures, ProcessWatch } from './process-figures.ts';
import { type Buckets, type ModelCounts, RequestCounts } from './request-counts.ts';
import { tritonMetrics } from './triton-metrics.ts';
import type { WatchedModel } from './watched-model.ts';

/** How features of a model stand to their training, and how often it was right, where that is known. */
export interface ModelFigures {
  readonly name: string;
  readonly version: string;
  readonly drift: readonly { readonly feature: string; readonly psi?: number | undefined }[];
  readonly accuracy?: number | undefined;
  /** What came of asking it too, as a shadow. */
  readonly shadow?: ShadowCounts | undefined;
}

/** Options of {@link prometheusMetrics}. */
export interface MetricsOptions {
  /** The models that are served, asked at every scrape. */
  readonly loaded?: (() => readonly WatchedModel[]) | undefined;
  /** What else is known about models, asked at every scrape. */
  readonly figures?: (() => readonly ModelFigures[]) | undefined;
  /** Also under the names that Triton Inference Server gives them, for dashboards and autoscalers made for it. */
  readonly triton?: boolean | undefined;
  /** What is known of several processes that answer together; this process alone unless told. */
  readonly processes?: ProcessesFigures | undefined;
}

/** Several processes that answer together, asked at every scrape. */
export interface ProcessesFigures {
  /** What all take together. */
  readonly sum: () => ProcessFigures;
  /** How many of them answer, and how many have ended since the server began and were replaced. */
  readonly workers: () => { readonly ready: number; readonly ended: number };
}

/** Metrics in the form that Prometheus reads. */
export interface MetricsPage {
  readonly observer: ServingObserver;
  readonly contentType: string;
  /** The page that is scraped. */
  text(): Promise<string>;
  /** Stops measuring the event loop. */
  close(): void;
}

/** So many features of a model are told. */
const mostFeatures = 200;

/**
 * Counts what a server does, for Prometheus: requests and errors by model, version, protocol and code, how long they waited, ran and took, rows and reasons of
 * batches, queues, memory and how late the event loop is. What was refused before a model was asked is counted too, by reason, be it that the bytes were no HTTP or did not come in time.
 *
 * No label holds what a client wrote, and there is a limit to how many values each takes: clients cannot make the page grow.
 *
 * Source: Prometheus' naming conventions and text format 0.0.4; Triton's metrics.md for its names.
 *
 * @example
 * import { prometheusMetrics } from 'stratus';
 * const metrics = await prometheusMetrics();
 * metrics.observer.request?.({ model: 'net', version: '1', protocol: 'oip-http', rows: 2, code: 'ok', queueMs: 0.1, runMs: 1, totalMs: 1.2 });
 * console.log((await metrics.text()).includes('stratus_request_rows_total{model="net",version="1"} 2')); // true
 * metrics.close();
 */
export async function prometheusMetrics({
  loaded,
  figures,
  triton = false,
  processes,
}: MetricsOptions = {}): Promise<MetricsPage> {
  const classes = loadClasses();
  const { Counter, Gauge, Registry } = classes;
  const registry = new Registry();
  const registers = [registry];
  const counts = new RequestCounts();
  const model = ['model', 'version'] as const;
  /** A counter that is brought to what was counted when the page is asked for. */
  const counter = (name: string, help: string, labelNames: readonly string[], collect: (own: Counter, of: ModelCounts) => void) =>
    new Counter({
      name,
      help,
      labelNames: [...model, ...labelNames],
      registers,
      collect() {
        this.reset();
        for (const of of counts.all) collect(this, of);
      },
    });
  counter(
    'stratus_requests_total',
    'Requests that were answered, by the code of their error or ok.',
    ['protocol', 'code'],
    (own, { model: name, version, requests }) => {
      for (const [protocol, codes] of requests)
        for (const [code, n] of codes) own.inc({ model: name, version, protocol, code }, n);
    },
  );
  new Counter({
    name: 'stratus_refused_requests_total',
    help: 'Requests that were answered with an error before a model was asked, by its code and the status that the client got.',
    labelNames: ['protocol', 'code', 'status', 'model'],
    registers,
    collect() {
      this.reset();
      for (const { labels, count: n } of counts.refusals) this.inc(labels, n);
    },
  });
  counter('stratus_request_rows_total', 'Samples in requests.', [], (own, { model: name, version, rows }) =>
    own.inc({ model: name, version }, rows),
  );
  counter(
    'stratus_batches_total',
    'Runs of a model, by why the batch was closed.',
    ['closed_by'],
    (own, { model: name, version, closedBy }) => {
      for (const [closed_by, n] of closedBy) own.inc({ model: name, version, closed_by }, n);
    },
  );
  const histogram = (name: string, help: string, of: (counted: ModelCounts) => Buckets) =>
    registry.registerMetric(new BucketMetric(name, help, counts, of) as unknown as Histogram);
  histogram('stratus_request_duration_seconds', 'From the arrival of a request to its answer.', ({ total }) => total);
  histogram('stratus_queue_duration_seconds', 'How long a request waited for its run.', ({ queue }) => queue);
  histogram('stratus_run_duration_seconds', 'How long the run took that answered a request.', ({ run }) => run);
  histogram('stratus_batch_rows', 'Samples in one run of a model.', ({ batchRows }) => batchRows);
  histogram('stratus_batch_requests', 'Requests that one run of a model answered.', ({ batchRequests }) => batchRequests);
  const gauge = (name: string, help: string, labelNames: readonly string[], collect: (own: Gauge) => void) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        collect(this);
      },
    });
  if (loaded !== undefined) {
    gauge('stratus_queue_requests', 'Requests that wait for their run.', model, (own) => {
      for (const { name, version, waiting } of loaded()) if (waiting !== undefined) own.set({ model: name, version }, waiting);
    });
    gauge('stratus_model_loaded', '1 for each model that is served.', model, (own) => {
      for (const { name, version } of loaded()) own.set({ model: name, version }, 1);
    });
  }
  if (figures !== undefined) {
    gauge('stratus_drift_psi', 'Population stability index against the training.', [...model, 'feature'], (own) => {
      for (const { name, version, drift } of figures())
        for (const { feature, psi } of drift.slice(0, mostFeatures))
          if (psi !== undefined) own.set({ model: name, version, feature }, psi);
    });
    gauge('stratus_live_accuracy_ratio', 'Share of answers that agree with the labels that came in.', model, (own) => {
      for (const { name, version, accuracy } of figures())
        if (accuracy !== undefined) own.set({ model: name, version }, accuracy);
    });
    new Counter({
      name: 'stratus_shadow_requests_total',
      help: 'Requests that a shadow was to be asked too: it said the same or otherwise, failed, or was not asked because it was busy.',
      labelNames: [...model, 'said'],
      registers,
      collect() {
        this.reset();
        for (const { name, version, shadow } of figures()) {
          if (shadow === undefined) continue;
          const { compared, mismatched: otherwise, failed, dropped } = shadow;
          const said = { same: compared - otherwise, otherwise, failed, dropped };
          for (const [word, n] of Object.entries(said)) this.inc({ model: name, version, said: word }, n);
        }
      },
    });
  }
  const own = processes === undefined ? new ProcessWatch() : undefined;
  processMetrics(classes, registers, processes?.sum ?? (() => own!.figures()));
  if (processes !== undefined) {
    gauge('stratus_workers', 'Processes that answer.', [], (metric) => metric.set(processes.workers().ready));
    new Counter({
      name: 'stratus_worker_ends_total',
      help: 'Workers that ended and were replaced.',
      registers,
      collect() {
        this.reset();
        this.inc(processes.workers().ended);
      },
    });
  }
  if (triton) tritonMetrics(classes, registers, { counts, loaded });
  const observer: ServingObserver = {
    request: (record) => counts.request(record),
    batch: (record) => counts.batch(record),
    refused: (refusal) => counts.refused(refusal),
  };
  return { observer, contentType: registry.contentType, text: () => registry.metrics(), close: () => own?.close() };
}

/** A histogram of prom-client is several microseconds for each value: this one is read from our own counts, in the form that its registry asks for. */
class BucketMetric {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  readonly #counts: RequestCounts;
  readonly #of: (counted: ModelCounts) => Buckets;

  constructor(name: string, help: string, counts: RequestCounts, of: (counted: ModelCounts) => Buckets) {
    this.name = name;
    this.help = help;
    this.#counts = counts;
    this.#of = of;
  }

  get() {
    const values = this.#counts.all.flatMap((counted) => {
      const { limits, counts, sum } = this.#of(counted);
      const labels = { model: counted.model, version: counted.version };
      let below = 0;
      const buckets = Array.from(counts, (n, i) => {
        below += n;
        return { value: below, labels: { ...labels, le: limits[i] ?? '+Inf' }, metricName: `${this.name}_bucket` };
      });
      if (below === 0) return [];
      return [
        ...buckets,
        { value: sum, labels, metricName: `${this.name}_sum` },
        { value: below, labels, metricName: `${this.name}_count` },
      ];
    });
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, values, aggregator });
  }

  reset(): void {}
}

/** What the classes of prom-client are called here, which is loaded only when metrics are wanted. */
export interface MetricClasses {
  readonly Counter: typeof Counter;
  readonly Gauge: typeof Gauge;
  readonly Registry: typeof Registry;
}

/** These alone: its entry brings default metrics and a tracing library along, a tenth of the time that a server takes to start. */
function loadClasses(): MetricClasses {
  const require = createRequire(import.meta.url);
  const part = (name: string): unknown => require(`prom-client/lib/${name}.js`);
  return { Counter: part('counter'), Gauge: part('gauge'), Registry: part('registry') } as MetricClasses;
}

/** The process: memory, processor, event loop. */
function processMetrics({ Counter, Gauge }: MetricClasses, registers: Registry[], figures: () => ProcessFigures): void {
  // Asked once a scrape, by the first of them: how late the event loop was at most is of the time since the one before.
  let now = figures();
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  gauge('process_resident_memory_bytes', 'Memory that the process occupies.', () => {
    now = figures();
    return now.residentBytes;
  });
  gauge('nodejs_heap_size_used_bytes', 'Memory of JavaScript that is in use.', () => now.heapBytes);
  gauge('nodejs_external_memory_bytes', 'Memory outside of the heap that JavaScript holds.', () => now.externalBytes);
  gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', () => performance.timeOrigin / 1000);
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Time on processors, of the user and the system.',
    registers,
    collect() {
      this.reset();
      this.inc(now.cpuSeconds);
    },
  });
  gauge('nodejs_eventloop_lag_p50_seconds', 'How late the event loop was, half of the time at most.', () => now.lagP50);
  gauge('nodejs_eventloop_lag_p99_seconds', 'How late the event loop was, 99 % of the time at most.', () => now.lagP99);
  gauge('nodejs_eventloop_lag_max_seconds', 'How late the event loop was at most since the last scrape.', () => now.lagMax);
}
