import type { Tensor } from '@stratus/core';
import type {
  BatchRecord,
  DriftOrder,
  FieldsOf,
  HealthOrder,
  Refusal,
  RequestRecord,
  ServingObserver,
  ShadowRecord,
  TrafficChange,
  WatchDrift,
  WatchHealth,
} from '../serve/index.ts';
import { type DriftOptions, DriftWatch } from './drift/drift.ts';
import type { FeatureSpec, Seen } from './drift/feature-counts.ts';
import type { RolloutEvidence } from './drift/rollout-judge.ts';
import { AnswerReader } from './given-answer.ts';
import { ProcessWatch } from './process-figures.ts';
import type { Complaint, ToldEvidence } from './rollouts.ts';
import type { Told, ToldNow } from './told.ts';
import { keyOf, type WatchedModel } from './watched-model.ts';

/** What waits is told after so long, or as soon as there is so much of it. */
const [tellMs, atOnce] = [100, 512];
/** More does not wait for a process that takes nothing. */
const mostWaiting = 20_000;

type Waiting = { -readonly [K in keyof Told]: Told[K] extends readonly (infer T)[] ? T[] : Told[K] };

const nothing = (): Waiting => ({
  ...{
    pid: process.pid,
    requests: [],
    batches: [],
    refused: [],
    shadowed: [],
    changes: [],
    answers: [],
    rules: [],
    endedRules: [],
    evidence: [],
    features: [],
    seen: [],
    about: [],
    lost: 0,
  },
});

const sizeOf = ({ requests, batches, refused, shadowed, changes, answers, seen, rules, endedRules, evidence }: Told): number =>
  [requests, batches, refused, shadowed, changes, answers, seen, rules, endedRules, evidence].reduce(
    (n, { length }) => n + length,
    0,
  );

/**
 * What a worker knows of its requests goes to the process that counts for all workers: a little later, many at once. So there is one count of everything, which a worker that
 * is killed does not take with it.
 */
export class Teller implements ServingObserver {
  readonly #tell: (told: Told) => Promise<unknown>;
  readonly #loaded: () => readonly WatchedModel[];
  readonly #reader: AnswerReader;
  readonly #drift: DriftWatch | undefined;
  readonly #process = new ProcessWatch();
  readonly #known = new Set<string>();
  readonly #orders = new Map<number, HealthOrder>();
  #features = 0;
  #rules = 0;
  #waiting = nothing();
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;

  /** `tell` resolves when the other process has taken it. `drift`: undefined where answers are of no interest. */
  constructor(
    tell: (told: Told) => Promise<unknown>,
    { loaded, drift }: { readonly loaded: () => readonly WatchedModel[]; readonly drift: DriftOptions | undefined },
  ) {
    this.#tell = tell;
    this.#loaded = loaded;
    const about = (name: string, version: string): WatchedModel | undefined =>
      loaded().find((own) => own.name === name && own.version === version);
    this.#reader = new AnswerReader(about);
    this.#drift =
      drift &&
      new DriftWatch(
        about,
        drift,
        (model, spec) => this.#open(model, spec),
        (order) => this.#evidence(order),
      );
  }

  request({ model, version, protocol, rows, code, queueMs, runMs, totalMs }: RequestRecord): void {
    if (this.#hasRoom()) this.#waiting.requests.push({ model, version, protocol, rows, code, queueMs, runMs, totalMs });
  }

  batch(record: BatchRecord): void {
    if (this.#hasRoom()) this.#waiting.batches.push(record);
  }

  refused(refusal: Refusal): void {
    if (this.#hasRoom()) this.#waiting.refused.push(refusal);
  }

  shadowed(record: ShadowRecord): void {
    if (this.#hasRoom()) this.#waiting.shadowed.push(record);
  }

  trafficChanged(change: TrafficChange): void {
    if (this.#hasRoom()) this.#waiting.changes.push(change);
  }

  /** Has versions under a traffic rule judged where the requests of all processes are known. */
  readonly watchHealth: WatchHealth = (order) => {
    const number = this.#rules++;
    const { model, epoch, limits } = order;
    this.#orders.set(number, order);
    this.#waiting.rules.push([number, { model, epoch, limits }]);
    this.#soon();
    return {
      note: (version, failed, totalMs) => this.#saw(number, { kind: 'request', version, failed, totalMs }),
      end: () => {
        this.#orders.delete(number);
        this.#waiting.endedRules.push(number);
        this.#soon();
      },
    };
  };

  /** Looks at how far versions move, for who judges; undefined where answers are of no interest. */
  get watchDrift(): WatchDrift | undefined {
    return this.#drift?.watchRollout;
  }

  /** A version is bad: wherever the rule holds under which it is, the one before is put back. */
  complaint({ model, epoch, version, why, teller }: Complaint): void {
    for (const order of [...this.#orders.values()])
      if (order.model === model && order.epoch === epoch) order.complain(version, why, teller !== process.pid);
  }

  /** Where what is seen of versions under a rule goes, which `watchHealth` was told of before. */
  #evidence({ model, epoch }: DriftOrder): RolloutEvidence {
    const [rule = -1] = [...this.#orders].find(([, own]) => own.model === model && own.epoch === epoch) ?? [];
    return {
      open: (version, spec) => this.#open(version, spec, rule),
      said: (version, { feature, kind }, values) => this.#saw(rule, { kind: 'said', version, feature, of: kind, values }),
      rows: (version, rows) => this.#saw(rule, { kind: 'rows', version, rows }),
    };
  }

  #saw(rule: number, evidence: ToldEvidence): void {
    if (this.#hasRoom()) this.#waiting.evidence.push([rule, evidence]);
  }

  answered(
    record: RequestRecord,
    feeds: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
    fields?: FieldsOf,
  ): void {
    if (this.#drift === undefined) return;
    this.#drift.answered(record, feeds, outputs, fields);
    const answer = this.#reader.read(record, outputs);
    if (answer === undefined || !this.#hasRoom()) return;
    const key = keyOf(record.model, record.version);
    if (!this.#known.has(key)) {
      this.#known.add(key);
      const own = this.#loaded().find(({ name, version }) => name === record.model && version === record.version);
      if (own) this.#waiting.about.push(plain(own));
    }
    this.#waiting.answers.push(answer);
  }

  #open(model: string, spec: FeatureSpec, rule?: number): (seen: Seen) => void {
    const number = this.#features++;
    this.#waiting.features.push({ number, model, spec, rule });
    return (seen) => {
      if (this.#hasRoom()) this.#waiting.seen.push([number, seen]);
    };
  }

  #hasRoom(): boolean {
    const size = sizeOf(this.#waiting);
    if (size >= mostWaiting) {
      this.#waiting.lost++;
      return false;
    }
    if (size + 1 >= atOnce) void this.flush();
    else this.#soon();
    return true;
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), tellMs).unref();
  }

  #take(): Told {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const told = this.#waiting;
    this.#waiting = nothing();
    return told;
  }

  /** Tells what waits. One message is on its way at a time. */
  flush(): Promise<void> {
    this.#telling ??= this.#flush().finally(() => {
      this.#telling = undefined;
      if (sizeOf(this.#waiting) > 0) this.#soon();
    });
    return this.#telling;
  }

  async #flush(): Promise<void> {
    await Promise.resolve(); // what is being seen right now comes along
    await this.#tell(this.#take()).catch(() => {}); // what counts is the other process' to tell of
  }

  /** Everything up to now: the answer to somebody who wants to know. */
  async now(): Promise<ToldNow> {
    await this.#drift?.settled();
    return { ...this.#take(), process: this.#process.figures(), loaded: this.#loaded().map(plain) };
  }

  /** Tells the rest. */
  async close(): Promise<void> {
    await this.#telling;
    await this.flush();
    clearTimeout(this.#timer);
    this.#process.close();
  }
}

/** What the other process needs of a model: the figures of its training are with the features. */
const plain = ({ name, version, waiting, labels }: WatchedModel): WatchedModel => ({ name, version, waiting, labels });
