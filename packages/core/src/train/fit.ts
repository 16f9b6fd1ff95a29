import { fail, StratusError } from '../errors.ts';
import type { StepProfile } from '../profile/index.ts';
import { nextTurn } from '../runtime/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { Callback, TrainingDataFacts, TrainingFacts, TrainingRun } from './callbacks/index.ts';
import {
  areFinite,
  type CallbackState,
  type DataFacts,
  goBackTo,
  loadTraining,
  saveTraining,
  type TrainerState,
} from './checkpoint.ts';
import type { MeasuringGraph } from './graphs.ts';
import { groups } from './groups.ts';
import { addBatch, emptyTotals, type Logs, type LogValue, readTotals, type Totals, validationLogs } from './logs.ts';
import type { Machine } from './machine.ts';
import { directionOf } from './plan.ts';
import type { Source } from './source.ts';
import { StepProfiler } from './step-profiler.ts';
import { factsOf } from './training-facts.ts';

/** What a training leaves behind. */
export interface History {
  /** Figures by name, one entry an epoch: `history.valAccuracy`. NaN where an epoch had none. */
  readonly history: Readonly<Record<string, readonly LogValue[]>>;
  /** Epochs that were trained, a resumed run's earlier ones included. */
  readonly epochs: number;
  /** Why it ended before the last epoch, if a callback stopped it. */
  readonly stopped?: string | undefined;
  /** Where the time of a step goes, if `profile` was asked for and a step was taken that calls fewer than a million kernels. */
  readonly profile?: StepProfile | undefined;
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
  /** What is known of the data so far. */
  readonly describe: () => Promise<TrainingDataFacts | undefined>;
  /** Steps whose time is to be looked into. */
  readonly profiledSteps?: number | undefined;
  /** Is told what was found, as soon as it is. */
  readonly onProfile?: ((profile: StepProfile) => void | Promise<void>) | undefined;
}

/** The training loop. What it does depends on nothing but the machine, the source and the position, so that it can be resumed anywhere. */
export class FitRun implements TrainingRun {
  readonly epochs: number;
  readonly batches: number | undefined;
  readonly batchSize: number | undefined;
  epoch = 0;
  batch = 0;
  batchLoss = Number.NaN;
  passedOver: readonly string[] = [];
  failure: unknown;

  readonly #training: Training;
  readonly #machine: Machine;
  #firstEpoch: number;
  #learningRate: number | undefined;
  #totals: Totals = emptyTotals();
  #graph: MeasuringGraph | undefined;
  #history: Logs[] = [];
  #stopped: string | undefined;
  #profiler: StepProfiler | undefined;
  #profile: StepProfile | undefined;
  /** Checkpoints whose weights have given a finite loss since, the last of each folder. */
  readonly #good = new Map<string, string>();
  /** Checkpoints that were written since the last loss: folder -> where. */
  readonly #unproven = new Map<string, string>();
  /** Checkpoints that callbacks asked for: folder -> how many stay. */
  readonly #wanted = new Map<string, number>();
  /** Where the last checkpoint of each folder was written. */
  readonly #written = new Map<string, string>();

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
    return this.#machine.counts.updateCount;
  }

  get learningRate(): number {
    return this.#learningRate ?? this.#machine.scheduledRate(this.#machine.needPlan('fit'));
  }

  set learningRate(rate: number) {
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw fail('bad-value', { what: 'learningRate', got: String(rate), want: 'a finite number of at least 0' });
    this.#learningRate = rate;
  }

  direction(figure: string): 'higher' | 'lower' | undefined {
    return directionOf(this.#machine.needPlan('fit'), figure);
  }

  facts(): TrainingFacts {
    return factsOf(this.#training);
  }

  dataFacts(): Promise<TrainingDataFacts | undefined> {
    return this.#training.describe();
  }

  engine(): Promise<string> {
    return this.#machine.engine();
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

  saveCheckpoint(dir: string, keep = 3): void {
    this.#wanted.set(dir, keep);
  }

  async run(): Promise<History> {
    const { callbacks, resume } = this.#training;
    if (resume !== undefined) await this.#restore(resume);
    let error: { readonly reason: unknown } | undefined;
    try {
      this.#beginProfile();
      for (const callback of callbacks) await callback.onTrainBegin?.(this);
      // A run that was stopped within an epoch still ends that epoch.
      while (this.epoch < this.epochs && (this.#stopped === undefined || this.batch > 0)) {
        this.#stopIfAborted();
        await this.#trainEpoch();
        await this.#checkpointIfDue();
        this.#stopIfAborted();
      }
      await this.#endProfile();
    } catch (e) {
      error = { reason: await this.#explain(e) };
      this.failure = error.reason;
      await this.#machine.dropProfile();
    }
    for (const callback of callbacks) {
      try {
        await callback.onTrainEnd?.(this, this.#history[this.#history.length - 1] ?? {});
      } catch (e) {
        error ??= { reason: e }; // what went wrong first is what people need to know
      }
    }
    if (error) throw error.reason;
    await this.#saveWanted();
    return this.#result();
  }

  async #trainEpoch(): Promise<void> {
    const { callbacks, validate } = this.#training;
    if (this.batch === 0) for (const callback of callbacks) await callback.onEpochBegin?.(this);
    if (this.#stopped === undefined)
      await this.#trainBatches().catch((e: unknown) => {
        this.#stopIfAborted(); // also where data were waited for
        throw e;
      });
    else if (this.batch === 0) return;
    this.#stopIfAborted();
    if (this.batch === 0)
      throw fail('bad-value', {
        what: 'fit',
        got: 'no batches',
        want: 'at least one in every epoch',
        fix: 'Give data that can be iterated again for each epoch.',
      });
    this.#graph ??= this.#machine.measured();
    const logs = {
      ...readTotals(this.#totals, this.#graph),
      ...(validate ? validationLogs(await this.#validated(validate)) : {}),
    };
    this.#history.push(logs);
    this.#machine.epochCount = this.#firstEpoch + this.epoch + 1;
    try {
      for (const callback of callbacks) await callback.onEpochEnd?.(this, logs);
    } finally {
      this.epoch++;
      this.batch = 0;
      this.#totals = emptyTotals();
    }
    await nextTurn();
  }

  async #trainBatches(): Promise<void> {
    const { source, callbacks, signal } = this.#training;
    const watchers = callbacks.filter((callback) => callback.onBatchEnd);
    const batches = source.batches(this.#firstEpoch + this.epoch, this.batch, signal);
    this.#profiler?.begin();
    for await (const group of groups(batches, () => this.#stepsTogether(watchers))) {
      this.#profiler?.lap('data');
      this.#stopIfAborted();
      const { batchCount } = this.#machine.counts;
      const { outputs, graph } = await this.#machine.train(group, this.#learningRate, { watcher: this.#profiler?.watcher });
      this.#profiler?.lap('run');
      this.#graph = graph;
      for (const [i, { size }] of group.entries()) {
        this.batchLoss = addBatch(this.#totals, graph, outputs[i]!, size);
        this.batch++;
        if (!Number.isFinite(this.batchLoss)) throw await this.#notFinite(batchCount + i + 1);
        for (const [dir, path] of this.#unproven) this.#good.set(dir, path);
        this.#unproven.clear();
        this.#profiler?.lap('host');
        const logs = watchers.length > 0 ? readTotals(this.#totals, graph) : {};
        for (const callback of watchers) await callback.onBatchEnd!(this, logs);
      }
      await this.#checkpointIfDue();
      this.#profiler?.lap('callbacks');
      this.#profiler?.step();
      if (this.#profiler?.isOver) await this.#endProfile();
      if (this.#stopped !== undefined) return;
    }
  }

  /** How many steps may be one run: one where somebody looks in between. */
  #stepsTogether(watchers: readonly Callback[]): number {
    const { source, checkpoint } = this.#training;
    const looks =
      this.#profiler !== undefined || checkpoint?.everyBatches !== undefined || watchers.some((one) => !one.figuresOnly);
    return looks || !source.lasting ? 1 : this.#machine.stepsTogether;
  }

  #beginProfile(): void {
    const { profiledSteps, source, epochs } = this.#training;
    if (profiledSteps === undefined) return;
    const total = source.steps === undefined ? undefined : source.steps * (epochs - this.epoch) - this.batch;
    this.#profiler = new StepProfiler(profiledSteps, total);
  }

  async #endProfile(): Promise<void> {
    const profiler = this.#profiler;
    this.#profiler = undefined;
    if (!profiler) return;
    this.#profile = await this.#machine.profile(profiler);
    if (this.#profile) await this.#training.onProfile?.(this.#profile);
  }

  async #validated(validate: NonNullable<Training['validate']>): Promise<Logs> {
    try {
      return await validate(this.#training.signal);
    } catch (e) {
      this.#stopIfAborted();
      throw e;
    }
  }

  /** Between epochs always, within an epoch after every so many batches; and what callbacks asked for. */
  async #checkpointIfDue(): Promise<void> {
    const { checkpoint } = this.#training;
    if (checkpoint) {
      const { directory, everyBatches, keep } = checkpoint;
      if (this.batch === 0 || (everyBatches !== undefined && this.batch % everyBatches === 0))
        this.saveCheckpoint(directory, keep);
    }
    await this.#saveWanted();
  }

  /** Here all callbacks have seen the same batches and epochs, so that a run can be resumed from what is written. */
  async #saveWanted(): Promise<void> {
    if (this.#wanted.size === 0) return;
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    // Weights that a step has ruined are nothing to go back to; the loss of the next batch tells.
    if (!(await areFinite(await this.#machine.weights()))) return;
    for (const callback of this.#training.callbacks) await callback.onCheckpoint?.(this);
    const position = JSON.stringify([this.#machine.counts, this.epoch, this.batch]);
    for (const [dir, keep] of wanted) {
      if (this.#written.get(dir) === position) continue;
      this.#unproven.set(dir, await saveTraining(dir, keep, this.#machine, this.#state(), await this.modelBytes()));
      this.#written.set(dir, position);
    }
  }

  #stopIfAborted(): void {
    if (this.#training.signal?.aborted) throw fail('aborted', { what: 'Training' }, this.#training.signal.reason);
  }

  /** An abort leaves a checkpoint behind where a folder is known, and says so. */
  async #explain(e: unknown): Promise<unknown> {
    const { checkpoint } = this.#training;
    if (!StratusError.is(e) || e.code !== 'aborted' || !checkpoint) return e;
    try {
      this.saveCheckpoint(checkpoint.directory, checkpoint.keep);
      await this.#saveWanted();
    } catch (problem) {
      return problem;
    }
    const resume = this.#written.has(checkpoint.directory) ? checkpoint.directory : undefined;
    return fail('aborted', { what: `Training (epoch ${this.epoch + 1} of ${this.epochs}, batch ${this.batch})`, resume }, e);
  }

  /** Weights can be finite and ruined all the same: a checkpoint of such is no last good state, and resuming must not begin there. */
  async #notFinite(step: number): Promise<StratusError> {
    let checkpoint: string | undefined;
    for (const [dir, path] of this.#good) {
      if (!this.#unproven.has(dir)) checkpoint = path;
      else if (await goBackTo(dir, path).catch(() => false)) checkpoint ??= path; // the loss is what is to be reported
    }
    const doubtful = [...this.#unproven.values()].at(-1);
    return fail('not-finite', { step, epoch: this.epoch + 1, value: String(this.batchLoss), checkpoint, doubtful });
  }

  #state(): TrainerState {
    return {
      format: 1,
      seed: this.#machine.seed,
      epoch: this.epoch,
      batch: this.batch,
      firstEpoch: this.#firstEpoch,
      epochs: this.epochs,
      ...this.#machine.counts,
      learningRate: this.#learningRate ?? null,
      totals: this.#totals,
      history: this.#history,
      callbacks: this.#training.callbacks.flatMap((callback): CallbackState[] =>
        callback.state
          ? [{ name: callback.name ?? '', state: callback.state() ?? null, tensors: callback.tensors?.() ?? {} }]
          : [],
      ),
      stopped: this.#stopped ?? null,
      data: this.#data(),
      compile: this.#machine.needPlan('fit').config,
    };
  }

  #data(): DataFacts {
    const { samples, shuffled } = this.#training.source;
    return { samples: samples ?? null, batchSize: this.batchSize ?? null, shuffled: shuffled ?? null };
  }

  async #restore(dir: string): Promise<void> {
    const { state, path, passedOver } = await loadTraining(dir, this.#machine, this.#data());
    this.passedOver = passedOver;
    this.#unproven.set(dir, path);
    this.epoch = state.epoch;
    this.batch = state.batch;
    this.#firstEpoch = state.firstEpoch;
    this.#machine.epochCount = state.firstEpoch + state.epoch;
    this.#learningRate = state.learningRate ?? undefined;
    this.#totals = state.totals;
    this.#history = [...state.history];
    // More epochs than before: somebody wants a stopped training to go on.
    this.#stopped = this.epochs > state.epochs ? undefined : (state.stopped ?? undefined);
    const saved = [...state.callbacks];
    for (const callback of this.#training.callbacks) {
      if (!callback.state) continue;
      const at = saved.findIndex(({ name }) => name === (callback.name ?? ''));
      if (at < 0) continue;
      const [known] = saved.splice(at, 1);
      callback.restore?.(known!.state, known!.tensors);
    }
  }

  #result(): History {
    const names = [...new Set(this.#history.flatMap((logs) => Object.keys(logs)))];
    const history = Object.fromEntries(names.map((name) => [name, this.#history.map((logs) => logs[name] ?? Number.NaN)]));
    return { history, epochs: this.epoch, stopped: this.#stopped, ...(this.#profile && { profile: this.#profile }) };
  }
}
