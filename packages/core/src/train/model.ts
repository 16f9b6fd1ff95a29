import type { AnyTable } from '../data/index.ts';
import { fail } from '../errors.ts';
import {
  type Architecture,
  architecture,
  buildGraph,
  initialWeights,
  type Layer,
  type LayerOutput,
  type SymbolicSet,
  setTrainable,
  summarize,
} from '../nn/index.ts';
import type { Preprocessing, Records } from '../preprocessing/index.ts';
import { files } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { joinRows, type Tensor } from '../tensor/index.ts';
import { trainingDefaults } from './defaults.ts';
import { type DataDescription, describeData } from './describe-data.ts';
import { FitRun, type History } from './fit.ts';
import { type FitDataOptions, fitData } from './fit-data.ts';
import { anySignal, checkedEpochs, checkpointsOf } from './fit-options.ts';
import { addBatch, emptyTotals, type Logs, type LogValue, readTotals } from './logs.ts';
import { Machine } from './machine.ts';
import { measure, stopIfAborted } from './measure.ts';
import { type Known, modelFile, type Origin, type Trained } from './model-file.ts';
import type {
  EvaluateOptions,
  FitOptions,
  ModelOptions,
  PredictOptions,
  SaveOptions,
  TrainingData,
  TrainOnBatchOptions,
  WeightsChoice,
} from './options.ts';
import { type CompileOptions, plan } from './plan.ts';
import { areRecords, isOneRecord, isTensorLike, prepared, preparedValidation } from './prepared-data.ts';
import { preprocessed } from './preprocessed.ts';
import { readyFeeds } from './ready-feeds.ts';
import { arrayColumns, arraySource, hasPasses, isStream, type Slots, type Stream, streamSource, wholeBatch } from './source.ts';
import { profiledSteps } from './step-profiler.ts';
import type { Slot, TensorSet } from './values.ts';
import { watchBatches } from './watch-batches.ts';

/**
 * A network with its numbers: compile it, fit it, ask it, save it. Made by {@link sequential}, {@link model} or {@link load}.
 * Methods by Keras' names; everything that takes time returns a promise.
 *
 * @example
 * import { dense, input, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [2] }), dense({ units: 8, activation: 'tanh' }), dense({ units: 1, activation: 'sigmoid' })]);
 * net.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
 * const history = await net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], { epochs: 3, verbose: 0 });
 * console.log(history.epochs); // 3
 */
export class Model {
  readonly #machine: Machine;
  readonly #origin: Origin | undefined;
  #trained: Trained | undefined;
  #preprocessing: Preprocessing | undefined;
  #training = false;

  /** @internal */
  constructor(
    parts: {
      architecture: Architecture;
      weights?: Readonly<Record<string, Tensor>>;
      origin?: Origin;
      preprocessing?: Preprocessing | undefined;
    } & ModelOptions,
  ) {
    const { seed = 0 } = parts;
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw fail('bad-value', { what: 'model', got: `seed ${seed}`, want: 'a whole number from 0 to 2^53 - 1' });
    const { parameters } = buildGraph(parts.architecture, { training: true });
    this.#machine = new Machine({
      architecture: parts.architecture,
      parameters,
      weights: parts.weights ?? initialWeights(parameters, seed),
      seed,
      executor: parts.executor,
    });
    this.#origin = parts.origin;
    this.#preprocessing = parts.preprocessing;
  }

  /** Layers and how they are connected, from the graph's inputs on. */
  get architecture(): Architecture {
    return this.#machine.architecture;
  }

  /** What is done to records before the graph, if anything. See {@link Model.preprocess}. */
  get preprocessing(): Preprocessing | undefined {
    return this.#preprocessing;
  }

  get name(): string {
    return this.architecture.name;
  }

  /**
   * Chooses optimizer, losses and metrics. May be called again: weights stay, the optimizer and moving averages start anew.
   * Errors: `unknown-name` with a did-you-mean, `bad-value`.
   */
  compile(options: CompileOptions): this {
    this.#refuseWhileTraining('compile');
    // Layers may have been frozen or thawed since the model was made.
    const built = buildGraph(this.architecture, { training: true });
    this.#machine.configure(plan(options, buildGraph(this.architecture, { training: false }), built), built.parameters);
    return this;
  }

  /**
   * Makes fitted steps a part of the model: from here on `fit`, `evaluate` and `predict` take records, and so does whoever serves the file. Steps that ONNX can
   * express become layers before the others; weights stay.
   *
   * Errors: `shape-mismatch`, `dtype-mismatch` where the model does not begin with what the steps make, `unknown-name` for an input or output; `bad-value` for a model that has steps.
   */
  preprocess(steps: Preprocessing): this {
    this.#refuseWhileTraining('preprocess');
    if (this.#preprocessing)
      throw fail('bad-value', {
        what: 'preprocess',
        got: 'a model that has preprocessing',
        want: 'one without',
        fix: 'Make the model anew; setWeights takes over what it has learnt.',
      });
    const { architecture, preprocessing } = preprocessed(this.architecture, steps);
    this.#machine.restructure(architecture);
    this.#preprocessing = preprocessing;
    return this;
  }

  /**
   * Trains on arrays `fit(x, y)`, on a stream of batches `fit(stream)` that can be iterated once for each epoch, or, with preprocessing, on records `fit(records)`: a list, a
   * table, or a `Dataset`, whose records are put together in batches of `batchSize`. One training at a time; the model may be asked meanwhile.
   *
   * Errors: `not-compiled`, `shape-mismatch` and `dtype-mismatch` naming the input, `label-range`, `not-finite`, `aborted`,
   * `no-checkpoint`, `checkpoint-mismatch`; `bad-value` for options, or when a training is under way.
   */
  fit(stream: Stream | Records, options?: FitOptions): Promise<History>;
  fit(x: TensorSet | Records, y: TensorSet, options?: FitOptions): Promise<History>;
  fit(x: TrainingData | Records, second?: TensorSet | FitOptions, third?: FitOptions): Promise<History> {
    const alone = isStream(x) || (this.#areRecords(x) && !isTensorLike(second));
    const options = ((alone ? second : third) ?? {}) as FitOptions;
    return this.#train('fit', async () => {
      const steps = this.#preprocessing;
      const { batchSize: size } = options;
      const given = await prepared(
        steps,
        { x, y: alone ? undefined : (second as TensorSet) },
        { what: 'fit', size, training: true },
      );
      return this.#fit(given.x, given.y, { ...options, validationData: await preparedValidation(steps, options) });
    });
  }

  /** Whether these are records for the preprocessing, and not tensors for the graph. */
  #areRecords(x: unknown): boolean {
    return this.#preprocessing !== undefined && areRecords(this.#preprocessing, x);
  }

  async #fit(x: TrainingData, y: TensorSet | undefined, options: FitDataOptions): Promise<History> {
    const machine = this.#machine;
    const defaults = trainingDefaults();
    const slots = this.#slots('fit');
    const { source, validation, columns, batchSize } = fitData(machine, slots, x, y, options);
    const checkpoints = await checkpointsOf(options, defaults);
    const surroundings = [options.verbose === 0 ? undefined : defaults.progress?.(), ...[defaults.watch?.()].flat()];
    let description: Promise<DataDescription> | undefined;
    const watched = columns ? undefined : watchBatches(source, slots.inputs);
    const describe = async () => (columns ? (description ??= describeData(columns)) : watched?.description());
    const run = new FitRun({
      machine,
      source: watched?.source ?? source,
      validate: validation && ((signal) => measure(machine, validation, { signal })),
      epochs: checkedEpochs(defaults.epochs ?? options.epochs ?? 1),
      batchSize,
      callbacks: [...(options.callbacks ?? []), ...surroundings.filter((callback) => callback !== undefined)],
      signal: anySignal(options.signal, defaults.signal),
      ...checkpoints,
      describe,
      profiledSteps: profiledSteps(defaults.profile ? { steps: defaults.profile.steps } : options.profile),
      onProfile: defaults.profile?.found,
      modelBytes: async (history) => modelFile(machine, {}, { ...this.#known, trained: { history, data: await describe() } }),
    });
    const result = await run.run();
    this.#trained = { history: run.logs, data: await describe() };
    return result;
  }

  /** One step on one batch. Returns the batch's figures, also where they are not finite. Errors: otherwise as `fit`. */
  trainOnBatch(x: TensorSet, y: TensorSet, { signal, ...weighting }: TrainOnBatchOptions = {}): Promise<Logs> {
    return this.#train('trainOnBatch', async () => {
      stopIfAborted(signal, 'Training');
      const batch = wholeBatch(arrayColumns(this.#slots('trainOnBatch'), x, y, weighting), 'trainOnBatch');
      const { outputs, graph } = await this.#machine.train([batch], undefined, { signal });
      const totals = emptyTotals();
      addBatch(totals, graph, outputs[0]!, batch.size);
      return readTotals(totals, graph);
    });
  }

  /** Loss and metrics over data. Errors: as `fit`. */
  evaluate(stream: Stream | Records, options?: EvaluateOptions): Promise<Record<string, LogValue>>;
  evaluate(x: TensorSet | Records, y: TensorSet, options?: EvaluateOptions): Promise<Record<string, LogValue>>;
  async evaluate(
    given: TrainingData | Records,
    second?: TensorSet | EvaluateOptions,
    third?: EvaluateOptions,
  ): Promise<Record<string, LogValue>> {
    const what = 'evaluate';
    const alone = isStream(given) || (this.#areRecords(given) && !isTensorLike(second));
    const options = ((alone ? second : third) ?? {}) as EvaluateOptions;
    const slots = this.#slots(what);
    this.#checkChoice(what, options.weights);
    const { x, y } = await prepared(
      this.#preprocessing,
      { x: given, y: alone ? undefined : (second as TensorSet) },
      { what, size: options.batchSize ?? 256 },
    );
    const source = isStream(x)
      ? streamSource(slots, x, { what })
      : arraySource(arrayColumns(slots, x, y, options), { what, batchSize: options.batchSize ?? 256 });
    return measure(this.#machine, source, options);
  }

  /**
   * What the model says to inputs, or to records where it has preprocessing: one tensor. For models with several outputs see {@link Model.predictAll}.
   * Errors: `shape-mismatch` and `dtype-mismatch` naming the input, `aborted`.
   */
  async predict(x: TensorSet | readonly object[] | AnyTable, options: PredictOptions = {}): Promise<Tensor> {
    const names = Object.keys(this.architecture.outputs);
    if (names.length > 1)
      throw fail('bad-value', {
        what: 'predict',
        got: `a model with ${names.length} outputs`,
        want: 'one',
        fix: 'Use predictAll(x): it returns tensors by name.',
      });
    return (await this.predictAll(x, options))[names[0]!]!;
  }

  /** As {@link Model.predict}, for models with any number of outputs: tensors by output name. */
  async predictAll(
    given: TensorSet | readonly object[] | AnyTable,
    { batchSize = 256, weights, signal }: PredictOptions = {},
  ): Promise<Record<string, Tensor>> {
    this.#checkChoice('predict', weights);
    if (hasPasses(given))
      throw fail('bad-value', {
        what: 'predict',
        got: 'a data set',
        want: 'tensors',
        fix: 'for await (const { x } of data.batch(256)) await model.predict(x).',
      });
    const steps = this.#preprocessing;
    if (steps && isOneRecord(steps, given))
      throw fail('bad-value', { what: 'predict', got: 'one record', want: 'a list of them', fix: 'model.predict([record]).' });
    const x = this.#areRecords(given) ? await this.#preprocessing!.feeds(given as readonly unknown[]) : (given as TensorSet);
    const inputs = this.#inputSlots();
    const how = { ema: weights === 'ema', signal };
    const ready = readyFeeds(inputs, x, batchSize);
    if (ready) {
      stopIfAborted(signal, 'Prediction');
      return this.#machine.predict(ready, how);
    }
    const source = arraySource(arrayColumns({ inputs, targets: [] }, x, undefined), { what: 'predict', batchSize });
    const parts: Record<string, Tensor>[] = [];
    for (const batch of source.batches(0)) {
      stopIfAborted(signal, 'Prediction');
      parts.push(await this.#machine.predict(batch.feeds, how));
    }
    const fix = 'Predict with a batchSize that takes all samples at once.';
    const joined = (name: string): Tensor => {
      const [first, ...rest] = parts.map((part) => part[name]!);
      return joinRows([first!, ...rest], { what: 'predict', at: name, fix });
    };
    return Object.fromEntries(Object.keys(this.architecture.outputs).map((name) => [name, joined(name)]));
  }

  /** A table of layers, shapes and parameter counts, to be printed. */
  summary(): string {
    return summarize(this.architecture, buildGraph(this.architecture, { training: true }).parameters);
  }

  /** A layer by its name. Errors: `unknown-name` with a did-you-mean. */
  getLayer(name: string): Layer<LayerOutput> {
    return lookUp('layer', Object.fromEntries(this.architecture.layers.map((entry) => [entry.name, entry.layer])), name);
  }

  /**
   * Keeps parameters as they are: those of whole layers ('conv2d'), single ones ('body/conv1.weight'), or by a pattern in which * is
   * any text ('body/conv*'). Then compile again. Errors: `unknown-name` where nothing is called so.
   */
  freeze(...names: readonly string[]): this {
    return this.#setTrainable(names, false);
  }

  /** Lets gradients move what {@link Model.freeze} kept. Then compile again. Statistics stay what they are. Errors: `unknown-name`. */
  thaw(...names: readonly string[]): this {
    return this.#setTrainable(names, true);
  }

  #setTrainable(names: readonly string[], trainable: boolean): this {
    this.#refuseWhileTraining(trainable ? 'thaw' : 'freeze');
    const { parameters } = buildGraph(this.architecture, { training: true });
    setTrainable(this.architecture.layers, { parameters: parameters.map(({ name }) => name), names, trainable });
    return this;
  }

  /** Copies of all weights, by name: `dense/kernel`. */
  async getWeights({ weights }: { readonly weights?: WeightsChoice } = {}): Promise<Record<string, Tensor>> {
    this.#checkChoice('getWeights', weights);
    return this.#machine.weights({ ema: weights === 'ema' });
  }

  /** Overwrites weights by name; the optimizer stays as it is. Errors: `unknown-name`, `shape-mismatch`, `dtype-mismatch`; then nothing has changed. */
  setWeights(weights: Readonly<Record<string, Tensor>>): Promise<void> {
    return this.#machine.setWeights(weights);
  }

  /** The model as the bytes of one ONNX file that carries everything needed to serve it and to train on. Errors: `aborted`. */
  async toBytes(options: SaveOptions = {}): Promise<Uint8Array> {
    stopIfAborted(options.signal, 'Saving');
    const bytes = await modelFile(this.#machine, options, this.#known);
    stopIfAborted(options.signal, 'Saving');
    return bytes;
  }

  /** Writes {@link Model.toBytes} to a file, whole or not at all. Errors: `file-failed`, `aborted`, `no-files` in browsers. */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    await files.write(path, await this.toBytes(options));
    await trainingDefaults().saved?.(path);
  }

  /**
   * Frees what the model holds in the engine, when what is under way is over. The model stays usable: it takes hold anew when
   * needed, and goes on where it was. Errors: `bad-value` during a training.
   */
  async release(): Promise<void> {
    this.#refuseWhileTraining('release');
    await this.#machine.release();
  }

  get #known(): Known {
    return { origin: this.#origin, trained: this.#trained, preprocessing: this.#preprocessing };
  }

  async #train<T>(call: string, work: () => Promise<T>): Promise<T> {
    this.#refuseWhileTraining(call);
    this.#training = true;
    try {
      return await work();
    } finally {
      this.#training = false;
    }
  }

  #refuseWhileTraining(call: string): void {
    if (this.#training)
      throw fail('bad-value', {
        what: call,
        got: 'a model that is being trained',
        want: 'a model at rest',
        fix: 'Await fit or trainOnBatch first.',
      });
  }

  #checkChoice(call: string, weights: WeightsChoice | undefined): void {
    if (weights === 'ema') this.#machine.needAverages(call);
  }

  #inputSlots(): Slot[] {
    return Object.entries(this.architecture.inputs).map(([name, { shape, dtype }]) => ({ name, role: 'input', shape, dtype }));
  }

  #slots(call: string): Slots {
    return { inputs: this.#inputSlots(), targets: this.#machine.needPlan(call).outputs.map((output) => output.slot) };
  }
}

/**
 * A model of any shape: what lies between inputs and outputs. Layers may be shared; several inputs and outputs go by name.
 *
 * Errors: `bad-graph` for an input that is missing or not used, or two things of one name. Source: Keras Model.
 *
 * @example
 * import { add, dense, input, model } from '@stratus/core';
 * const x = input({ shape: [8] });
 * const net = model({ inputs: x, outputs: add()([x, dense({ units: 8 })(x)]) });
 * console.log((await net.predict([[1, 2, 3, 4, 5, 6, 7, 8]])).shape); // [1, 8]
 */
export const model = ({
  inputs,
  outputs,
  ...options
}: { readonly inputs: SymbolicSet; readonly outputs: SymbolicSet } & ModelOptions): Model =>
  new Model({ architecture: architecture({ inputs, outputs, name: options.name ?? 'model' }), ...options });
