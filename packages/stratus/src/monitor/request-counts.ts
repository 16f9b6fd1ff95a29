import type { BatchRecord, Refusal, RequestRecord } from '../serve/index.ts';
import { FewNames, otherName } from './few-names.ts';

/** How often values fell into buckets. Counting is an addition: what a page needs beyond that is done when it is asked for. */
export class Buckets {
  readonly limits: readonly number[];
  /** One for each limit, and one for what is above all. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(limits: readonly number[]) {
    this.limits = limits;
    this.counts = new Float64Array(limits.length + 1);
  }

  add(x: number): void {
    const { limits } = this;
    let at = 0;
    while (at < limits.length && x > limits[at]!) at++;
    this.counts[at]!++;
    this.sum += x;
  }
}

/** In seconds: a fast model answers in tenths of a millisecond, a large one in seconds. */
const durations = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** So many models with their versions, protocols and codes of errors keep their own label. */
const most = { models: 500, protocols: 32, codes: 64, refusals: 2000 } as const;

/** What is counted of one version of a model since the server began. Times in seconds. */
export class ModelCounts {
  readonly model: string;
  readonly version: string;
  /** By protocol, then by code. */
  readonly requests = new Map<string, Map<string, number>>();
  readonly closedBy = new Map<string, number>();
  rows = 0;
  readonly total = new Buckets(durations);
  readonly queue = new Buckets(durations);
  readonly run = new Buckets(durations);
  readonly batchRows = new Buckets(sizes);
  readonly batchRequests = new Buckets(sizes);

  constructor(model: string, version: string) {
    this.model = model;
    this.version = version;
  }
}

/** Requests that were answered alike before a model was asked. */
export interface RefusedCount {
  readonly labels: Readonly<Record<'protocol' | 'code' | 'status' | 'model', string>>;
  count: number;
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

/** Counts of all models. Names beyond a limit share one. */
export class RequestCounts {
  readonly #models = new Map<string, Map<string, ModelCounts>>();
  readonly #protocols = new FewNames(most.protocols);
  readonly #codes = new FewNames(most.codes);
  readonly #others = new ModelCounts('other', '');
  readonly all: ModelCounts[] = [];
  readonly #statuses = new FewNames(most.codes);
  readonly #names = new FewNames(most.models);
  readonly #refused = new Map<string, RefusedCount>();

  #of(model: string, version: string): ModelCounts {
    const known = this.#models.get(model)?.get(version);
    if (known !== undefined) return known;
    if (this.all.length >= most.models) {
      if (!this.all.includes(this.#others)) this.all.push(this.#others);
      return this.#others;
    }
    const made = new ModelCounts(model, version);
    const versions = this.#models.get(model) ?? new Map<string, ModelCounts>();
    versions.set(version, made);
    this.#models.set(model, versions);
    this.all.push(made);
    return made;
  }

  request({ model, version, protocol, code, rows, totalMs, queueMs, runMs }: RequestRecord): void {
    const own = this.#of(model, version);
    const name = this.#protocols.of(protocol);
    let codes = own.requests.get(name);
    if (codes === undefined) {
      codes = new Map();
      own.requests.set(name, codes);
    }
    count(codes, this.#codes.of(code));
    own.total.add(totalMs / 1000);
    if (code !== 'ok') return;
    own.rows += rows;
    own.queue.add(queueMs / 1000);
    own.run.add(runMs / 1000);
  }

  /** Requests that no model was asked for, and how many. */
  get refusals(): Iterable<RefusedCount> {
    return this.#refused.values();
  }

  refused({ protocol, code, status, model }: Refusal): void {
    const labels = {
      protocol: this.#protocols.of(protocol),
      code: this.#codes.of(code),
      status: this.#statuses.of(status),
      model: model === undefined ? '' : this.#names.of(model),
    };
    const isKnown = this.#refused.has(JSON.stringify(labels)) || this.#refused.size < most.refusals;
    const own = isKnown ? labels : { protocol: otherName, code: otherName, status: otherName, model: otherName };
    const key = JSON.stringify(own);
    const known = this.#refused.get(key);
    if (known) known.count++;
    else this.#refused.set(key, { labels: own, count: 1 });
  }

  batch({ model, version, rows, requests, closedBy }: BatchRecord): void {
    const own = this.#of(model, version);
    count(own.closedBy, closedBy);
    own.batchRows.add(rows);
    own.batchRequests.add(requests);
  }
}
