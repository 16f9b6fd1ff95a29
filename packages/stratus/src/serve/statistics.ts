import type { DataPlane } from './data-plane.ts';
import type { BatchRecord, RequestRecord, ServingObserver } from './observer.ts';

/** How often, and how long in nanoseconds altogether. */
class Duration {
  count = 0;
  ns = 0;

  add(ms: number): void {
    this.count++;
    this.ns += Math.round(ms * 1e6);
  }
}

/** So many sizes of runs are counted one by one; larger ones by the next power of two, so that clients cannot make more of them. */
const exactSizes = 128;
const sizeOf = (rows: number): number => (rows <= exactSizes ? rows : 2 ** Math.ceil(Math.log2(rows)));

/** So many models and versions are remembered; then the one that was first is forgotten. */
const mostModels = 1024;

/** Of which version something is told. */
export interface StatisticsPlace {
  readonly model: string;
  readonly version: string;
}

/** Tells what models have done: those that this process counted, or those of several. */
export interface StatisticsSource {
  of(plane: DataPlane, name?: string, version?: string): StatisticsAnswer | Promise<StatisticsAnswer>;
}

/** In the protocol's form. */
export interface StatisticsAnswer {
  readonly model_stats: ReturnType<Statistics['at']>[];
}

/** The versions of all models of a plane, or those with this name and version. */
export const statisticsPlaces = (plane: DataPlane, name?: string, version?: string): StatisticsPlace[] =>
  (name === undefined ? plane.models() : [name])
    .flatMap((model) => plane.repository.versions(model).map((own) => ({ model, version: own })))
    .filter((place) => version === undefined || place.version === version);

const none = { count: 0, ns: 0 };

class ModelStatistics {
  lastMs = 0;
  rows = 0;
  runs = 0;
  readonly success = new Duration();
  readonly fail = new Duration();
  readonly queue = new Duration();
  readonly infer = new Duration();
  readonly batches = new Map<number, Duration>();
}

/**
 * What models have done since the server began, as Triton's statistics extension has it. It observes a data plane.
 * Source: Triton Inference Server, extension_statistics.md.
 *
 * @example
 * import { DataPlane, dense, input, openServable, sequential, serveApp, Statistics, tensor } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const statistics = new Statistics();
 * const plane = new DataPlane([await openServable(await net.toBytes(), { name: 'net' })], { observer: statistics });
 * await plane.compute('net', { x: tensor([[1, 2]]) });
 * console.log(statistics.of(plane, 'net').model_stats[0].inference_count); // 1
 */
export class Statistics implements ServingObserver, StatisticsSource {
  readonly #models = new Map<string, ModelStatistics>();
  readonly #next: ServingObserver | undefined;

  /** Tells what it is told to `next` as well. */
  constructor(next?: ServingObserver) {
    this.#next = next;
  }

  #at({ model, version }: StatisticsPlace): ModelStatistics {
    const key = `${model}/${version}`; // neither has a slash
    const known = this.#models.get(key);
    if (known) return known;
    const made = new ModelStatistics();
    if (this.#models.size >= mostModels) this.#models.delete(this.#models.keys().next().value!);
    this.#models.set(key, made);
    return made;
  }

  request(record: RequestRecord): void {
    this.#next?.request?.(record);
    const own = this.#at(record);
    if (record.code !== 'ok') {
      own.fail.add(record.totalMs);
      return;
    }
    own.lastMs = Date.now();
    own.rows += record.rows;
    own.success.add(record.totalMs);
    own.queue.add(record.queueMs);
    own.infer.add(record.runMs);
  }

  batch(record: BatchRecord): void {
    this.#next?.batch?.(record);
    const own = this.#at(record);
    own.runs++;
    const size = sizeOf(record.rows);
    let duration = own.batches.get(size);
    if (!duration) own.batches.set(size, (duration = new Duration()));
    duration.add(record.runMs);
  }

  answered(...told: Parameters<NonNullable<ServingObserver['answered']>>): void {
    this.#next?.answered?.(...told);
  }

  refused(...told: Parameters<NonNullable<ServingObserver['refused']>>): void {
    this.#next?.refused?.(...told);
  }

  /** The statistics of all models of a plane, or of those with this name and version, in the protocol's form. */
  of(plane: DataPlane, name?: string, version?: string): StatisticsAnswer {
    return { model_stats: statisticsPlaces(plane, name, version).map((place) => this.at(place)) };
  }

  /** What one version has done. */
  at(place: StatisticsPlace) {
    const own = this.#at(place);
    const plain = ({ count, ns }: Duration) => ({ count, ns });
    return {
      name: place.model,
      version: place.version,
      last_inference: own.lastMs,
      inference_count: own.rows,
      execution_count: own.runs,
      inference_stats: {
        success: plain(own.success),
        fail: plain(own.fail),
        queue: plain(own.queue),
        compute_input: none,
        compute_infer: plain(own.infer),
        compute_output: none,
        cache_hit: none,
        cache_miss: none,
      },
      response_stats: {},
      batch_stats: [...own.batches]
        .sort(([a], [b]) => a - b)
        .map(([batch_size, infer]) => ({ batch_size, compute_input: none, compute_infer: plain(infer), compute_output: none })),
      memory_usage: [],
    };
  }
}
