import type { Tensor } from '@stratus/core';
import type { RequestRecord, ServingObserver } from '../../serve/index.ts';
import { keyOf, type WatchedModel } from '../watched-model.ts';
import type { FeatureFigures, WatchOptions } from './feature-figures.ts';
import { outputWatch } from './output-watch.ts';
import { inputWatch, rowWidth, type Watch } from './watches.ts';

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
  readonly rows: number;
}

interface Watched {
  readonly inputs: Map<string, Watch>;
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
  readonly #options: WatchOptions;
  readonly #rowsPerSecond: number;
  readonly #models = new Map<string, Watched>();
  readonly #waiting: Answer[] = [];
  #budget: number;
  #budgetAt: number;
  #scheduled: Promise<void> | undefined;

  /** `about`: what is known of a model, asked when the first answer of it comes. */
  constructor(
    about: (model: string, version: string) => WatchedModel | undefined,
    { windowMs = 3_600_000, minimumRows = 200, rowsPerSecond = 200, now = () => performance.now() }: DriftOptions = {},
  ) {
    this.#about = about;
    this.#options = { windowMs, minimumRows, now };
    this.#rowsPerSecond = rowsPerSecond;
    this.#budget = rowsPerSecond;
    this.#budgetAt = now();
  }

  answered(record: RequestRecord, feeds: Tensors, outputs: Tensors): void {
    const now = this.#options.now();
    const passed = now - this.#budgetAt;
    if (passed > 0) this.#budget = Math.min(this.#rowsPerSecond, this.#budget + (passed / 1000) * this.#rowsPerSecond);
    this.#budgetAt = now;
    if (this.#budget < 1 || this.#waiting.length >= mostWaiting) return;
    const rows = Math.min(Math.max(1, record.rows), Math.floor(this.#budget));
    this.#budget -= rows;
    this.#waiting.push({ key: keyOf(record.model, record.version), record, feeds, outputs, rows });
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

  /** Resolves when all that came has been looked at. */
  async settled(): Promise<void> {
    await this.#scheduled;
  }

  /** How the features of a model stand; none of a model that has answered nothing. */
  features(model: string, version: string): readonly FeatureFigures[] {
    const watched = this.#models.get(keyOf(model, version));
    if (watched === undefined) return [];
    return [...watched.inputs.values(), ...watched.outputs.values()].flatMap((watch) => watch.figures());
  }

  #look({ key, record, feeds, outputs, rows }: Answer): void {
    let watched = this.#models.get(key);
    if (watched === undefined) {
      const [oldest] = this.#models.keys();
      if (this.#models.size >= mostModels) this.#models.delete(oldest!);
      const about = this.#about(record.model, record.version);
      const { baseline = {} } = about?.manifest ?? {};
      watched = {
        inputs: new Map(
          Object.entries(feeds).map(([name, tensor]) => [
            name,
            inputWatch(name, tensor, Object.hasOwn(baseline, name) ? baseline[name] : undefined, this.#options),
          ]),
        ),
        outputs: new Map(
          Object.entries(outputs).map(([name, tensor]) => [
            name,
            outputWatch(
              name,
              tensor,
              about?.labels && Object.hasOwn(about.labels, name) ? about.labels[name] : undefined,
              this.#options,
            ),
          ]),
        ),
      };
      this.#models.set(key, watched);
    }
    for (const [name, watch] of watched.inputs) if (feeds[name] !== undefined) addRows(watch, feeds[name], rows);
    for (const [name, watch] of watched.outputs) if (outputs[name] !== undefined) addRows(watch, outputs[name], rows);
  }
}

/** So many rows of a tensor, from all over it. */
function addRows(watch: Watch, tensor: Tensor, wanted: number): void {
  const width = rowWidth(tensor);
  if (width === 0) return;
  const all = tensor.data.length / width;
  const rows = Math.min(all, wanted);
  for (let i = 0; i < rows; i++) watch.add({ tensor, start: Math.floor((i * all) / rows) * width, width });
}
