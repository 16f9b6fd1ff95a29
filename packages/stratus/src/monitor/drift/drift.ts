import type { Tensor } from '@stratus/core';
import type { DriftOrder, FieldsOf, RequestRecord, ServingObserver, WatchDrift } from '../../serve/index.ts';
import { keyOf, type WatchedModel } from '../watched-model.ts';
import { FeatureCounts, type OpenFeature } from './feature-counts.ts';
import type { FeatureFigures, WatchOptions } from './feature-figures.ts';
import { addRows, InputWatches } from './input-watches.ts';
import { outputWatch } from './output-watch.ts';
import { type RolloutEvidence, type RolloutFigures, RolloutJudge } from './rollout-judge.ts';
import { RolloutLook } from './rollout-look.ts';
import type { Open, Watch } from './watches.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** Options of {@link DriftWatch}. */
export interface DriftOptions {
  /** What is compared is of the last so many milliseconds; an hour unless told. */
  readonly windowMs?: number | undefined;
  /** Nothing is said of a feature before so many of its values were seen; 200 unless told. */
  readonly minimumRows?: number | undefined;
  /** Of more samples a second a share is looked at; 200 unless told. */
  readonly rowsPerSecond?: number | undefined;
  /** Milliseconds since some moment; those of the process unless told. */
  readonly now?: (() => number) | undefined;
}

interface Answer {
  readonly key: string;
  readonly record: RequestRecord;
  readonly feeds: Tensors;
  readonly outputs: Tensors;
  readonly fields: FieldsOf | undefined;
  readonly rows: number;
}

/** Windows of drift, unless told otherwise. */
export const watchOptions = ({
  windowMs = 3_600_000,
  minimumRows = 200,
  now = () => performance.now(),
}: DriftOptions = {}): WatchOptions => ({ windowMs, minimumRows, now });

/** Counts the features of all models. */
export const driftCounts = (options?: DriftOptions): FeatureCounts => new FeatureCounts(watchOptions(options));

interface Watched {
  readonly inputs: InputWatches;
  readonly outputs: Map<string, Watch>;
}

/** Answers that wait to be looked at, and models: further ones are left out. */
const [mostWaiting, mostModels] = [64, 100];

/**
 * Compares what comes to models, and what they answer, with their training: the statistics in the file, or where it has none, what was seen first. Each feature has a few
 * counters for each slice of the window. A request pays for one look at the clock: samples are looked at later, a bounded number each second.
 *
 * @example
 * import { DriftWatch, tensor } from 'stratus';
 * const drift = new DriftWatch(() => undefined);
 * const record = { model: 'net', version: '1', protocol: 'oip-http', rows: 1, code: 'ok', queueMs: 0, runMs: 1, totalMs: 1 };
 * drift.answered(record, { x: tensor([[1, 2]]) }, { y: tensor([[3]]) });
 * await drift.settled();
 * console.log(drift.features('net', '1').map(({ feature }) => feature)); // ['x[0]', 'x[1]', 'y']
 */
export class DriftWatch implements ServingObserver {
  readonly #about: (model: string, version: string) => WatchedModel | undefined;
  readonly #open: OpenFeature;
  readonly #counts: FeatureCounts | undefined;
  readonly #options: WatchOptions;
  readonly #rowsPerSecond: number;
  readonly #models = new Map<string, Watched>();
  readonly #rollouts = new Map<string, { readonly look: RolloutLook; readonly judge: RolloutJudge | undefined }>();
  readonly #judgeElsewhere: ((order: DriftOrder) => RolloutEvidence) | undefined;
  readonly #waiting: Answer[] = [];
  #budget: number;
  #budgetAt: number;
  #scheduled: Promise<void> | undefined;

  /**
   * `about`: what is known of a model, asked when the first answer of it comes. `open`: what is seen is counted elsewhere, and `features` tells nothing. `judgeElsewhere`: what is seen of versions under
   * a traffic rule goes there, and `rollout` tells nothing.
   */
  constructor(
    about: (model: string, version: string) => WatchedModel | undefined,
    options: DriftOptions = {},
    open?: OpenFeature,
    judgeElsewhere?: (order: DriftOrder) => RolloutEvidence,
  ) {
    const { rowsPerSecond = 200 } = options;
    this.#options = watchOptions(options);
    this.#about = about;
    this.#judgeElsewhere = judgeElsewhere;
    this.#counts = open === undefined ? driftCounts(options) : undefined;
    this.#open = open ?? ((model, spec) => this.#counts!.open(model, spec));
    this.#rowsPerSecond = rowsPerSecond;
    this.#budget = rowsPerSecond;
    this.#budgetAt = this.#options.now();
  }

  answered(record: RequestRecord, feeds: Tensors, outputs: Tensors, fields?: FieldsOf): void {
    if (this.#waiting.length >= mostWaiting) return;
    const rows = this.#allowed(record.rows);
    if (rows === 0) return;
    this.#waiting.push({ key: keyOf(record.model, record.version), record, feeds, outputs, fields, rows });
    this.#scheduled ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#scheduled = undefined;
        try {
          for (const answer of this.#waiting.splice(0)) this.#look(answer);
        } finally {
          resolve();
        }
      });
    });
  }

  /** How many of so many samples may be looked at now; they are taken off what may be looked at. */
  #allowed(wanted: number): number {
    const now = this.#options.now();
    const passed = now - this.#budgetAt;
    if (passed > 0) this.#budget = Math.min(this.#rowsPerSecond, this.#budget + (passed / 1000) * this.#rowsPerSecond);
    this.#budgetAt = now;
    if (this.#budget < 1) return 0;
    const rows = Math.min(Math.max(1, wanted), Math.floor(this.#budget));
    this.#budget -= rows;
    return rows;
  }

  /** Resolves when all that came has been looked at. */
  async settled(): Promise<void> {
    await this.#scheduled;
  }

  /** How the features of a model stand; none of a model that has answered nothing. */
  features(model: string, version: string): readonly FeatureFigures[] {
    return this.#counts?.figures(keyOf(model, version)) ?? [];
  }

  /** Watches the versions of a model while a traffic rule holds that limits how far they may move. */
  readonly watchRollout: WatchDrift = (order) => {
    const judge = this.#judgeElsewhere ? undefined : new RolloutJudge(order, this.#options);
    const look = new RolloutLook(order, judge ?? this.#judgeElsewhere!(order), this.#about);
    const rollout = { look, judge };
    this.#rollouts.set(order.model, rollout);
    return {
      said: (version, outputs) => {
        const rows = this.#allowed(rowsOf(outputs));
        if (rows > 0) look.said(version, outputs, rows);
      },
      end: () => {
        look.end();
        judge?.end();
        if (this.#rollouts.get(order.model) === rollout) this.#rollouts.delete(order.model);
      },
    };
  };

  /** How a version stands that a traffic rule watches; undefined where none does. */
  rollout(model: string, version: string): RolloutFigures | undefined {
    return this.#rollouts.get(model)?.judge?.figures(version);
  }

  #look({ key, record, feeds, outputs, fields, rows }: Answer): void {
    const came = { feeds, fields };
    let watched = this.#models.get(key);
    if (watched === undefined) {
      const [oldest] = this.#models.keys();
      if (this.#models.size >= mostModels) this.#models.delete(oldest!);
      const about = this.#about(record.model, record.version);
      const open: Open = (spec) => this.#open(key, spec);
      watched = {
        inputs: new InputWatches(about, came, open),
        outputs: new Map(
          Object.entries(outputs).map(([name, tensor]) => [
            name,
            outputWatch(name, tensor, about?.labels && Object.hasOwn(about.labels, name) ? about.labels[name] : undefined, open),
          ]),
        ),
      };
      this.#models.set(key, watched);
    }
    watched.inputs.add(came, rows);
    for (const [name, watch] of watched.outputs) if (outputs[name] !== undefined) addRows(watch, outputs[name], rows);
    this.#rollouts.get(record.model)?.look.add(record.version, came, outputs, rows);
  }
}

/** Samples in an answer. */
const rowsOf = (outputs: Tensors): number => Object.values(outputs)[0]?.shape[0] ?? 1;
