import { fail, StratusError } from '../errors.ts';
import { nextTurn } from '../runtime/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { Callback, TrainingRun } from './callbacks/index.ts';
import { loadTraining, saveTraining, type TrainerState } from './checkpoint.ts';
import { addBatch, emptyTotals, readTotals, validationLogs, type Logs, type LogValue, type Totals } from './logs.ts';
import type { MeasuringGraph } from './graphs.ts';
import type { Machine } from './machine.ts';
import type { Source } from './source.ts';

/** What a training leaves behind. */
export interface History {
  /** Figures by name, one entry an epoch: `history.valAccuracy`. */
  readonly history: Readonly<Record<string, readonly LogValue[]>>;
  /** Epochs that were trained, a resumed run's earlier ones included. */
  readonly epochs: number;
  /** Why it ended before the last epoch, if a callback stopped it. */
  readonly stopped?: string | undefined;
}

/** Where and how often checkpoints are written. */
export interface CheckpointOptions {
  readonly directory: string;
  /** Besides the end of every epoch: after every so many batches. */
  readonly everyBatches?: number | undefined;
  /** How many stay; 3 unless told. */
  readonly keep?: number | undefined;
}

/** One call of fit, with everything resolved. */
export interface Training {
  readonly machine: Machine;
  readonly source: Source;
  readonly validate?: ((signal: AbortSignal | undefined) => Promise<Logs>) | undefined;
  readonly epochs: number;
  readonly batchSize: number | undefined;
  readonly callbacks: readonly Callback[];
  readonly signal?: AbortSignal | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  /** A checkpoint folder to go on from. */
  readonly resume?: string | undefined;
  readonly modelBytes: (history: readonly Logs[]) => Promise<Uint8Array>;
}

/** The training loop. What it does depends on nothing but the machine, the source and the position, so that it can be resumed anywhere. */
export class FitRun implements TrainingRun {
  readonly epochs: number;
  readonly batches: number | undefined;
  readonly batchSize: number | undefined;
  epoch = 0;
  batch = 0;
  batchLoss = Number.NaN;

  readonly #training: Training;
  readonly #machine: Machine;
  #firstEpoch: number;
  #learningRate: number | undefined;
  #totals: Totals = emptyTotals();
  #graph: MeasuringGraph | undefined;
  #history: Logs[] = [];
  #stopped: string | undefined;
  #lastCheckpoint: string | undefined;

  constructor(training: Training) {
    this.#training = training;
    this.#machine = training.machine;
    this.#firstEpoch = training.machine.epochCount;
    this.epochs = training.epochs;
    this.batches = training.source.steps;
    this.batchSize = training.batchSize;
  }

  /** The figures of all epochs so far. */
  get logs(): readonly Logs[] {
    return this.#history;
  }

  get step(): number {
    return this.#machine.updateCount;
  }

  get learningRate(): number {
    return this.#learningRate ?? this.#machine.scheduledRate(this.#machine.needPlan('fit'));
  }

  set learningRate(rate: number) {
    if (!(rate >= 0 && Number.isFinite(rate))) throw fail('bad-value', { what: 'learningRate', got: String(rate), want: 'a finite number of at least 0' });
    this.#learningRate = rate;
  }

  stop(reason: string): void {
    this.#stopped ??= reason;
  }

  weights(): Promise<Record<string, Tensor>> {
    return this.#machine.weights();
  }

  setWeights(weights: Readonly<Record<string, Tensor>>): Promise<void> {
    return this.#machine.setWeights(weights);
  }

  modelBytes(): Promise<Uint8Array> {
    return this.#training.modelBytes(this.#history);
  }

  async saveCheckpoint(dir: string, keep = 3): Promise<string> {
    const path = await saveTraining(dir, keep, this.#machine, this.#state(), await this.modelBytes());
    this.#lastCheckpoint = path;
    return path;
  }

  async run(): Promise<History> {
    const { callbacks, resume } = this.#training;
    if (resume !== undefined) await this.#restore(resume);
    let logs: Logs = this.#history[this.#history.length - 1] ?? {};
    for (const callback of callbacks) await callback.onTrainBegin?.(this);
    try {
      while (this.epoch < this.epochs && this.#stopped === undefined) {
        logs = await this.#trainEpoch();
        this.epoch++;
        this.batch = 0;
        this.#totals = emptyTotals();
        this.#machine.epochCount = this.#firstEpoch + this.epoch;
        await this.#checkpointIfDue();
        this.#stopIfAborted();
      }
    } catch (e) {
      throw await this.#explain(e);
    } finally {
      for (const callback of callbacks) await callback.onTrainEnd?.(this, logs);
    }
    return this.#result();
  }

  async #trainEpoch(): Promise<Logs> {
    const { source, callbacks } = this.#training;
    for (const callback of callbacks) if (this.batch === 0) await callback.onEpochBegin?.(this);
    const watchers = callbacks.filter((callback) => callback.onBatchEnd);
    for await (const batch of source.batches(this.#firstEpoch + this.epoch, this.batch)) {
      this.#stopIfAborted();
      const { outputs, graph } = await this.#machine.train(batch, source.weighted, this.learningRate);
      this.#graph = graph;
      this.batchLoss = addBatch(this.#totals, graph, outputs, batch.size);
      this.batch++;
      if (!Number.isFinite(this.batchLoss)) throw this.#notFinite();
      if (watchers.length > 0) {
        const logs = readTotals(this.#totals, graph);
        for (const callback of watchers) await callback.onBatchEnd!(this, logs);
      }
      await this.#checkpointIfDue();
      if (this.#stopped !== undefined) break;
    }
    this.#stopIfAborted();
    if (!this.#graph) {
      if (this.batch === 0) throw fail('bad-value', { what: 'fit', got: 'no batches', want: 'at least one in every epoch', fix: 'Give data that can be iterated again for each epoch.' });
      return {}; // resumed at the very end of an epoch without figures
    }
    const logs = { ...readTotals(this.#totals, this.#graph), ...(this.#training.validate ? validationLogs(await this.#validate()) : {}) };
    this.#history.push(logs);
    for (const callback of callbacks) await callback.onEpochEnd?.(this, logs);
    await nextTurn();
    return logs;
  }

  async #validate(): Promise<Logs> {
    try {
      return await this.#training.validate!(this.#training.signal);
    } catch (e) {
      this.#stopIfAborted();
      throw e;
    }
  }

  /** Between epochs always, within an epoch after every so many batches. */
  async #checkpointIfDue(): Promise<void> {
    const { checkpoint } = this.#training;
    if (!checkpoint) return;
    const { directory, everyBatches, keep } = checkpoint;
    if (this.batch === 0 || (everyBatches !== undefined && this.batch % everyBatches === 0)) await this.saveCheckpoint(directory, keep);
  }

  #stopIfAborted(): void {
    if (this.#training.signal?.aborted) throw fail('aborted', { what: 'Training' }, this.#training.signal.reason);
  }

  /** An abort leaves a checkpoint behind where a folder is known, and says so. */
  async #explain(e: unknown): Promise<unknown> {
    const { checkpoint } = this.#training;
    if (!StratusError.is(e) || e.code !== 'aborted' || !checkpoint) return e;
    await this.saveCheckpoint(checkpoint.directory, checkpoint.keep);
    return fail('aborted', { what: `Training (epoch ${this.epoch + 1} of ${this.epochs}, batch ${this.batch})`, resume: checkpoint.directory }, e);
  }

  #notFinite(): StratusError {
    return fail('not-finite', { step: this.#machine.batchCount, epoch: this.epoch + 1, value: String(this.batchLoss), checkpoint: this.#lastCheckpoint });
  }

  #state(): TrainerState {
    return {
      format: 1,
      seed: this.#machine.seed,
      epoch: this.epoch,
      batch: this.batch,
      firstEpoch: this.#firstEpoch,
      batchCount: this.#machine.batchCount,
      updateCount: this.#machine.updateCount,
      learningRate: this.#learningRate ?? null,
      totals: this.#totals,
      history: this.#history,
      callbacks: this.#training.callbacks.map((callback) => callback.state?.() ?? null),
      stopped: this.#stopped ?? null,
      data: this.#data(),
      compile: this.#machine.needPlan('fit').config,
    };
  }

  #data(): TrainerState['data'] {
    return { samples: this.#training.source.samples ?? null, batchSize: this.batchSize ?? null };
  }

  async #restore(dir: string): Promise<void> {
    const { state, path } = await loadTraining(dir, this.#machine, this.#data());
    this.#lastCheckpoint = path;
    this.epoch = state.epoch;
    this.batch = state.batch;
    this.#firstEpoch = state.firstEpoch;
    this.#machine.epochCount = state.firstEpoch + state.epoch;
    this.#learningRate = state.learningRate ?? undefined;
    this.#totals = state.totals;
    this.#history = [...state.history];
    this.#stopped = state.stopped ?? undefined;
    for (const [i, callback] of this.#training.callbacks.entries()) {
      const saved = state.callbacks[i];
      if (callback.state && callback.restore && saved !== null && saved !== undefined) callback.restore(saved);
    }
    if (this.batch > 0) this.#graph = await this.#machine.trainingGraph(this.#training.source.weighted);
  }

  #result(): History {
    const names = [...new Set(this.#history.flatMap((logs) => Object.keys(logs)))];
    const history = Object.fromEntries(names.map((name) => [name, this.#history.map((logs) => logs[name]!)]));
    return { history, epochs: this.epoch, stopped: this.#stopped };
  }
}
