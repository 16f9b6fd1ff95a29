import { Statistics, type StatisticsPlace } from '../serve/index.ts';
import { type DriftOptions, watchOptions } from './drift/drift.ts';
import type { Seen } from './drift/feature-counts.ts';
import type { Label } from './feedback.ts';
import { type Figures, openFigures } from './figures.ts';
import { writeReport } from './front.ts';
import type { MonitorOptions } from './monitor.ts';
import { type ProcessFigures, ProcessWatch, processSum } from './process-figures.ts';
import { type Complaint, Rollouts, type ToldRule } from './rollouts.ts';
import type { Told, ToldNow } from './told.ts';
import { keyOf, type WatchedModel } from './watched-model.ts';

/** The processes that answer. */
export interface Answering {
  /** Asks them how things stand; those that do not answer soon are left out. */
  readonly tellNow: () => Promise<readonly ToldNow[]>;
  /** The ids of the processes that there are now. */
  readonly pids: () => readonly number[];
  readonly workers: () => { readonly ready: number; readonly ended: number };
  /** Has them all put a traffic rule back under which a version is bad. */
  readonly complain: (complaint: Complaint) => Promise<unknown>;
}

/** What is known of one process. */
interface Process {
  /** By the number that it gave them. */
  readonly features: Map<number, (seen: Seen) => void>;
  readonly rules: Map<number, ToldRule>;
  figures: ProcessFigures | undefined;
  loaded: readonly WatchedModel[];
}

/** What models say of themselves is remembered for so many versions. */
const mostModels = 1000;

/**
 * Counts for processes that answer together: what each tells, in one place, so that whoever is asked says the same. What was counted stays when a process ends.
 */
export class Counting {
  readonly #statistics = new Statistics();
  readonly #answering: Answering;
  readonly #own = new ProcessWatch();
  readonly #processes = new Map<number, Process>();
  readonly #about = new Map<string, WatchedModel>();
  readonly #rollouts: Rollouts;
  /** Of processes that have ended. */
  #cpuSecondsBefore = 0;
  #ownFigures: ProcessFigures;
  #figures: Figures | undefined;
  #lost = 0;
  readonly #report: (error: unknown) => void;

  /** Made by {@link openCounting}. */
  constructor(
    answering: Answering,
    { report, drift }: { readonly report: (error: unknown) => void; readonly drift?: DriftOptions | undefined },
  ) {
    this.#answering = answering;
    this.#report = report;
    this.#rollouts = new Rollouts(watchOptions(drift), (complaint) => void answering.complain(complaint).catch(report));
    this.#ownFigures = this.#own.figures();
  }

  /** Begins to count more than statistics. Errors: as `startMonitor`. */
  async watch(options: MonitorOptions): Promise<void> {
    this.#figures = await openFigures(
      {
        loaded: () => this.loaded(),
        about: (model, version) => this.#about.get(keyOf(model, version)),
        rollout: (model, version) => this.#rollouts.figures(model, version),
        processes: { sum: () => this.#sum(), workers: this.#answering.workers },
        refresh: () => this.#refresh(),
        report: this.#report,
      },
      options,
    );
  }

  /** The type of the page for Prometheus; undefined where there is none. */
  get metricsType(): string | undefined {
    return this.#figures?.metrics?.contentType;
  }

  /** The models that any process has in memory, with what waits in all of them. */
  loaded(): readonly WatchedModel[] {
    const all = new Map<string, WatchedModel>();
    for (const pid of this.#answering.pids())
      for (const model of this.#processes.get(pid)?.loaded ?? []) {
        const key = keyOf(model.name, model.version);
        all.set(key, { ...model, waiting: (all.get(key)?.waiting ?? 0) + (model.waiting ?? 0) });
      }
    return [...all.values()];
  }

  #sum(): ProcessFigures {
    this.#forget();
    const known = [...this.#processes.values()].flatMap(({ figures }) => figures ?? []);
    const sum = processSum([this.#ownFigures, ...known]);
    return { ...sum, cpuSeconds: sum.cpuSeconds + this.#cpuSecondsBefore };
  }

  /** Of processes that are gone their time stays. */
  #forget(): void {
    const there = new Set(this.#answering.pids());
    for (const [pid, { figures }] of this.#processes) {
      if (there.has(pid)) continue;
      this.#cpuSecondsBefore += figures?.cpuSeconds ?? 0;
      this.#processes.delete(pid);
      this.#rollouts.forget(pid);
    }
  }

  #process(pid: number): Process {
    let known = this.#processes.get(pid);
    if (known === undefined)
      this.#processes.set(pid, (known = { features: new Map(), rules: new Map(), figures: undefined, loaded: [] }));
    return known;
  }

  /** Takes in what a process tells. */
  take(told: Told): void {
    const own = this.#process(told.pid);
    const figures = this.#figures;
    for (const record of told.requests) {
      this.#statistics.request(record);
      figures?.request(record);
    }
    for (const record of told.batches) {
      this.#statistics.batch(record);
      figures?.batch(record);
    }
    for (const refusal of told.refused) figures?.refused(refusal);
    for (const record of told.shadowed) figures?.shadowed(record);
    for (const change of told.changes) figures?.trafficChanged(change);
    for (const model of told.about) {
      if (this.#about.size >= mostModels) this.#about.clear();
      this.#about.set(keyOf(model.name, model.version), model);
    }
    for (const answer of told.answers) figures?.feedback.remember(answer);
    this.#begin(told, own);
    for (const [number, seen] of told.seen) own.features.get(number)?.(seen);
    this.#judge(told, own);
    if (told.lost > 0 && this.#lost === 0)
      this.#report(new Error(`Worker ${told.pid} had no room for ${told.lost} figures: it answers more than can be counted.`));
    this.#lost += told.lost;
  }

  /** What is looked at from now on: features of models, and versions under traffic rules. */
  #begin({ pid, rules, features }: Told, own: Process): void {
    const figures = this.#figures;
    if (rules.length > 0) this.#forget();
    for (const [number, rule] of rules) {
      own.rules.set(number, rule);
      this.#rollouts.begin(pid, rule);
    }
    for (const { number, model, spec, rule } of features) {
      const held = rule === undefined ? undefined : own.rules.get(rule);
      const add = held && this.#rollouts.open(held, model, spec);
      if (add) own.features.set(number, add);
      else if (rule === undefined && figures) own.features.set(number, (seen) => figures.drift.open(model, spec)(seen));
    }
  }

  /** What was seen of versions under traffic rules. */
  #judge({ pid, evidence, endedRules }: Told, own: Process): void {
    const rows = new Map<string, { readonly rule: ToldRule; readonly version: string; rows: number }>();
    for (const [number, one] of evidence) {
      const rule = own.rules.get(number);
      if (!rule) continue;
      if (one.kind !== 'rows') this.#rollouts.take(pid, rule, one);
      else {
        // Together, so that there is one look at what was told together.
        const key = `${number}\n${one.version}`;
        const sum = rows.get(key) ?? { rule, version: one.version, rows: 0 };
        sum.rows += one.rows;
        rows.set(key, sum);
      }
    }
    for (const { rule, ...sum } of rows.values()) this.#rollouts.take(pid, rule, { kind: 'rows', ...sum });
    for (const number of endedRules) {
      const rule = own.rules.get(number);
      if (rule) this.#rollouts.end(pid, rule);
      own.rules.delete(number);
    }
  }

  /** Asks all processes how things stand. */
  async #refresh(): Promise<void> {
    this.#ownFigures = this.#own.figures();
    for (const told of await this.#answering.tellNow()) {
      this.take(told);
      const own = this.#process(told.pid);
      own.figures = told.process;
      own.loaded = told.loaded;
    }
  }

  /** What processes may ask, by its name. */
  readonly answers = {
    told: (told: Told) => this.take(told),
    statistics: async (places: readonly StatisticsPlace[]) => {
      await this.#refresh();
      return places.map((place) => this.#statistics.at(place));
    },
    figures: async (model: string | undefined) => {
      await this.#refresh();
      return this.#figures!.report(model);
    },
    metrics: async () => {
      await this.#refresh();
      return await this.#figures!.metrics!.text();
    },
    label: async ([model, labels]: readonly [string, readonly Label[]]) => {
      await this.#refresh();
      return this.#figures!.label(model, labels);
    },
  };

  close(): void {
    this.#own.close();
    this.#figures?.close();
  }
}

/** Begins to count for processes that answer together; of `monitor` what is counted, or statistics alone where it is false. Errors: as `startMonitor`. */
export async function openCounting(answering: Answering, monitor: MonitorOptions | false): Promise<Counting> {
  const { report = writeReport, drift } = monitor || {};
  const counting = new Counting(answering, { report, drift });
  try {
    if (monitor !== false) await counting.watch(monitor);
    return counting;
  } catch (e) {
    counting.close();
    throw e;
  }
}
