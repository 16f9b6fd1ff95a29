import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Counter, Gauge, Registry } from 'prom-client';
import type { ServingObserver } from '../serve/index.ts';
import { FewNames } from './few-names.ts';
import { tritonMetrics } from './triton-metrics.ts';
import type { WatchedModel } from './watched-model.ts';

/** How features of a model stand to their training, and how often it was right, where that is known. */
export interface ModelFigures {
  readonly name: string;
  readonly version: string;
  readonly drift: readonly { readonly feature: string; readonly psi?: number | undefined }[];
  readonly accuracy?: number | undefined;
}

/** Options of {@link prometheusMetrics}. */
export interface MetricsOptions {
  /** The models that are served, asked at every scrape. */
  readonly loaded?: (() => readonly WatchedModel[]) | undefined;
  /** What else is known about models, asked at every scrape. */
  readonly figures?: (() => readonly ModelFigures[]) | undefined;
  /** Also under the names that Triton Inference Server gives them, for dashboards and autoscalers made for it. */
  readonly triton?: boolean | undefined;
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

/** In seconds: a fast model answers in tenths of a millisecond, a large one in seconds. */
const durations = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** So many models with their versions, protocols, codes of errors and features keep their own label. */
const most = { models: 500, protocols: 32, codes: 64, features: 200 } as const;

/**
 * Counts what a server does, for Prometheus: requests and errors by model, version, protocol and code, how long they waited, ran and took, rows and reasons of
 * batches, queues, memory and how late the event loop is.
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
export async function prometheusMetrics({ loaded, figures, triton = false }: MetricsOptions = {}): Promise<MetricsPage> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const registers = [new Registry()];
  const model = ['model', 'version'] as const;
  const requests = new Counter({
    name: 'stratus_requests_total',
    help: 'Requests that were answered, by the code of their error or ok.',
    labelNames: [...model, 'protocol', 'code'],
    registers,
  });
  const rows = new Counter({
    name: 'stratus_request_rows_total',
    help: 'Samples in requests.',
    labelNames: model,
    registers,
  });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, labelNames: model, registers });
  const total = histogram('stratus_request_duration_seconds', 'From the arrival of a request to its answer.', durations);
  const queue = histogram('stratus_queue_duration_seconds', 'How long a request waited for its run.', durations);
  const run = histogram('stratus_run_duration_seconds', 'How long the run took that answered a request.', durations);
  const batchRows = histogram('stratus_batch_rows', 'Samples in one run of a model.', sizes);
  const batchRequests = histogram('stratus_batch_requests', 'Requests that one run of a model answered.', sizes);
  const batches = new Counter({
    name: 'stratus_batches_total',
    help: 'Runs of a model, by why the batch was closed.',
    labelNames: [...model, 'closed_by'],
    registers,
  });
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
        for (const { feature, psi } of drift.slice(0, most.features))
          if (psi !== undefined) own.set({ model: name, version, feature }, psi);
    });
    gauge('stratus_live_accuracy_ratio', 'Share of answers that agree with the labels that came in.', model, (own) => {
      for (const { name, version, accuracy } of figures())
        if (accuracy !== undefined) own.set({ model: name, version }, accuracy);
    });
  }
  const close = processMetrics({ Counter, Gauge }, registers);
  const aliases = triton ? tritonMetrics({ Counter, Gauge }, registers, loaded) : undefined;

  // A model and its version have one label together: either alone could be few while the pairs are many.
  const models = new FewNames(most.models);
  const protocols = new FewNames(most.protocols);
  const codes = new FewNames(most.codes);
  const labels = new Map<string, { readonly model: string; readonly version: string }>();
  const labelsOf = (name: string, version: string) => {
    const key = models.of(`${name}\n${version}`);
    let own = labels.get(key);
    if (own === undefined) {
      own = key === `${name}\n${version}` ? { model: name, version } : { model: key, version: '' };
      labels.set(key, own);
    }
    return own;
  };
  const observer: ServingObserver = {
    request(record) {
      const own = labelsOf(record.model, record.version);
      requests.inc({ ...own, protocol: protocols.of(record.protocol), code: codes.of(record.code) });
      total.observe(own, record.totalMs / 1000);
      aliases?.request?.({ ...record, ...own });
      if (record.code !== 'ok') return;
      rows.inc(own, record.rows);
      queue.observe(own, record.queueMs / 1000);
      run.observe(own, record.runMs / 1000);
    },
    batch(record) {
      const own = labelsOf(record.model, record.version);
      batches.inc({ ...own, closed_by: record.closedBy });
      batchRows.observe(own, record.rows);
      batchRequests.observe(own, record.requests);
      aliases?.batch?.({ ...record, ...own });
    },
  };
  const [registry] = registers as [Registry];
  return { observer, contentType: registry.contentType, text: () => registry.metrics(), close };
}

/** What the classes of prom-client are called here, which is loaded only when metrics are wanted. */
export interface MetricClasses {
  readonly Counter: typeof Counter;
  readonly Gauge: typeof Gauge;
}

/** The event loop is looked at so often. */
const resolutionMs = 20;

/** The process: memory, processor, event loop. */
function processMetrics({ Counter, Gauge }: MetricClasses, registers: Registry[]): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
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
  gauge('process_resident_memory_bytes', 'Memory that the process occupies.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'Memory of JavaScript that is in use.', () => process.memoryUsage().heapUsed);
  gauge(
    'nodejs_external_memory_bytes',
    'Memory outside of the heap that JavaScript holds.',
    () => process.memoryUsage().external,
  );
  gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', () => performance.timeOrigin / 1000);
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Time on processors, of the user and the system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const lag = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000) : 0;
  gauge('nodejs_eventloop_lag_p50_seconds', 'How late the event loop was, half of the time at most.', () =>
    lag(delay.percentile(50)),
  );
  gauge('nodejs_eventloop_lag_p99_seconds', 'How late the event loop was, 99 % of the time at most.', () =>
    lag(delay.percentile(99)),
  );
  // The last one that is asked: each scrape tells of the time since the one before.
  gauge('nodejs_eventloop_lag_max_seconds', 'How late the event loop was at most since the last scrape.', () => {
    const most = lag(delay.max);
    delay.reset();
    return most;
  });
  return () => void delay.disable();
}
