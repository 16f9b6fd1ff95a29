import type { BatchRecord, RequestRecord, ServingObserver } from '../serve/index.ts';
import { Latencies, quantileOf } from './latencies.ts';
import { Slices } from './slices.ts';
import { keyOf } from './watched-model.ts';

/** What came to one model lately. Times in milliseconds; undefined where nothing came. */
export interface TrafficFigures {
  /** The time that these figures cover. */
  readonly windowMs: number;
  readonly requests: number;
  readonly rows: number;
  readonly perSecond: number;
  readonly errors: number;
  /** Errors by their code. */
  readonly codes: Readonly<Record<string, number>>;
  readonly p50?: number | undefined;
  readonly p90?: number | undefined;
  readonly p99?: number | undefined;
  readonly queueP50?: number | undefined;
  readonly queueP99?: number | undefined;
  readonly runP50?: number | undefined;
  readonly runP99?: number | undefined;
  readonly batches: number;
  /** Samples and requests of a batch, on average. */
  readonly batchRows?: number | undefined;
  readonly batchRequests?: number | undefined;
  /** Why batches were closed. */
  readonly closedBy: Readonly<Record<string, number>>;
}

/** Options of {@link RecentTraffic}. */
export interface TrafficOptions {
  /** Figures are of the last so many milliseconds; a minute unless told. */
  readonly windowMs?: number | undefined;
  /** Milliseconds since some moment; those of the process unless told. */
  readonly now?: (() => number) | undefined;
}

class Slice {
  requests = 0;
  rows = 0;
  batches = 0;
  batchRows = 0;
  batchRequests = 0;
  readonly codes = new Map<string, number>();
  readonly closedBy = new Map<string, number>();
  readonly total = new Latencies();
  readonly queue = new Latencies();
  readonly run = new Latencies();

  clear(): void {
    this.requests = this.rows = this.batches = this.batchRows = this.batchRequests = 0;
    for (const map of [this.codes, this.closedBy]) map.clear();
    for (const times of [this.total, this.queue, this.run]) times.clear();
  }
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

const summed = (maps: readonly ReadonlyMap<string, number>[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const map of maps) for (const [key, n] of map) sums[key] = (sums[key] ?? 0) + n;
  return sums;
};

/** More models than this are not told apart: as many versions are not served at once. */
const mostModels = 1000;
const slices = 12;

/**
 * Rate, errors, times and batches of each model over the last minute, in memory that does not grow. Times are off by at most 4 %.
 *
 * @example
 * import { RecentTraffic } from 'stratus';
 * const traffic = new RecentTraffic();
 * traffic.request({ model: 'net', version: '1', protocol: 'oip-http', rows: 4, code: 'busy', queueMs: 0, runMs: 0, totalMs: 1 });
 * console.log(traffic.figures('net', '1').codes); // { busy: 1 }
 */
export class RecentTraffic implements ServingObserver {
  readonly #models = new Map<string, Slices<Slice>>();
  readonly #windowMs: number;
  readonly #now: () => number;

  constructor({ windowMs = 60_000, now = () => performance.now() }: TrafficOptions = {}) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  #of(model: string, version: string): Slices<Slice> {
    const key = keyOf(model, version);
    let own = this.#models.get(key);
    if (own === undefined) {
      const [oldest] = this.#models.keys();
      if (this.#models.size >= mostModels) this.#models.delete(oldest!);
      own = new Slices({
        windowMs: this.#windowMs,
        count: slices,
        make: () => new Slice(),
        clear: (slice) => slice.clear(),
        now: this.#now,
      });
      this.#models.set(key, own);
    }
    return own;
  }

  request({ model, version, rows, code, queueMs, runMs, totalMs }: RequestRecord): void {
    const slice = this.#of(model, version).current;
    slice.requests++;
    slice.rows += rows;
    if (code === 'ok') {
      slice.total.add(totalMs);
      slice.queue.add(queueMs);
      slice.run.add(runMs);
    } else count(slice.codes, code);
  }

  batch({ model, version, rows, requests, closedBy }: BatchRecord): void {
    const slice = this.#of(model, version).current;
    slice.batches++;
    slice.batchRows += rows;
    slice.batchRequests += requests;
    count(slice.closedBy, closedBy);
  }

  /** Of a model that nothing came to, everything is 0. Times are of answered requests, the rate of all. */
  figures(model: string, version: string): TrafficFigures {
    const own = this.#of(model, version);
    const { all, coveredMs } = own;
    const sum = (of: (slice: Slice) => number): number => all.reduce((n, slice) => n + of(slice), 0);
    const [requests, batches] = [sum((s) => s.requests), sum((s) => s.batches)];
    const codes = summed(all.map((slice) => slice.codes));
    const time = (of: (slice: Slice) => Latencies, q: number) => quantileOf(all.map(of), q);
    return {
      windowMs: Math.round(coveredMs),
      requests,
      rows: sum((s) => s.rows),
      perSecond: requests / (coveredMs / 1000),
      errors: Object.values(codes).reduce((n, x) => n + x, 0),
      codes,
      p50: time((s) => s.total, 0.5),
      p90: time((s) => s.total, 0.9),
      p99: time((s) => s.total, 0.99),
      queueP50: time((s) => s.queue, 0.5),
      queueP99: time((s) => s.queue, 0.99),
      runP50: time((s) => s.run, 0.5),
      runP99: time((s) => s.run, 0.99),
      batches,
      batchRows: batches === 0 ? undefined : sum((s) => s.batchRows) / batches,
      batchRequests: batches === 0 ? undefined : sum((s) => s.batchRequests) / batches,
      closedBy: summed(all.map((slice) => slice.closedBy)),
    };
  }
}
