import { encodeArtifact, type InputStatistics, type Manifest, type SampleRequest, type TrainingSummary } from '../artifact/index.ts';
import { fail } from '../errors.ts';
import {
  architecture,
  buildGraph,
  initialWeights,
  summarize,
  toConfig,
  type Architecture,
  type InputValue,
  type Layer,
  type Symbolic,
  type SymbolicSet,
} from '../nn/index.ts';
import { files, type Executor } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { Tensor, zeros, type DataTypes, type TypedArray } from '../tensor/index.ts';
import { version } from '../version.ts';
import type { Callback } from './callbacks/index.ts';
import { describeData } from './describe-data.ts';
import { trainingDefaults } from './defaults.ts';
import { FitRun, type CheckpointOptions, type History } from './fit.ts';
import { addBatch, emptyTotals, readTotals, type Logs, type LogValue } from './logs.ts';
import { Machine } from './machine.ts';
import { plan, type CompileOptions } from './plan.ts';
import { arrayColumns, arraySource, isStream, streamSource, type ClassWeight, type Columns, type Slots, type Source, type StreamBatch } from './source.ts';
import type { Slot, TensorLike, TensorSet } from './values.ts';

/** What every model is made with, besides its layers. */
export interface ModelOptions {
  readonly name?: string;
  /** Initial weights, order of the data, dropout: all follow from it. 0 unless told. */
  readonly seed?: number;
  /** Where it runs; the process-wide executor unless told. */
  readonly executor?: Executor | undefined;
}

/** Which weights are used: those that gradients move, or their moving average (see `emaMomentum`). */
export type WeightsChoice = 'current' | 'ema';

/** A stream of batches, or arrays. */
export type TrainingData = TensorSet | AsyncIterable<StreamBatch> | Iterable<StreamBatch>;
/** `[x, y]`, `[x, y, sampleWeight]`, or a stream of batches. */
export type ValidationData =
  | readonly [TensorSet, TensorSet]
  | readonly [TensorSet, TensorSet, TensorLike]
  | { readonly stream: AsyncIterable<StreamBatch> | Iterable<StreamBatch> };

/** Options of {@link Model.fit}, by Keras' names. */
export interface FitOptions {
  /** 32 unless told. Streams bring their own batches. */
  readonly batchSize?: number;
  readonly epochs?: number;
  readonly validationData?: ValidationData;
  /** This share of the samples, the last ones, is held out for validation. Arrays only. */
  readonly validationSplit?: number;
  /** Another order in each epoch; true unless told. */
  readonly shuffle?: boolean;
  /** How much each sample counts: `[samples]`. */
  readonly sampleWeight?: TensorLike;
  /** How much each class counts: `{ 0: 1, 1: 5 }`. */
  readonly classWeight?: ClassWeight;
  readonly callbacks?: readonly Callback[];
  /** 0 shows nothing; 'auto' shows progress where somebody is looking. */
  readonly verbose?: 'auto' | 0 | 1;
  /** Stops after the present batch, writes a checkpoint if there is a folder for it, and rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** A folder, or more detail. */
  readonly checkpoint?: string | CheckpointOptions;
  /** True: goes on from the checkpoint folder if it holds one. A text: from this folder, which must hold one. */
  readonly resume?: boolean | string;
}

/** Options of {@link Model.evaluate} and {@link Model.predict}. */
export interface EvaluateOptions {
  readonly batchSize?: number;
  readonly sampleWeight?: TensorLike;
  readonly weights?: WeightsChoice;
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Model.save} and {@link Model.toBytes}. */
export interface SaveOptions {
  readonly weights?: WeightsChoice;
  /** Names of the classes of an output, for people and servers: `{ dense_2: ['cat', 'dog'] }`, or a list for the only output. */
  readonly labels?: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** What input numbers mean, by input: `{ image: 'pixels 0..255' }`. */
  readonly units?: Readonly<Record<string, string>>;
}

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
  readonly architecture: Architecture;
  readonly #machine: Machine;
  #configuring: Promise<void> = Promise.resolve();
  #trained: { history: readonly Logs[]; columns: Columns | undefined } | undefined;
  #saved: Pick<Manifest, 'training' | 'baseline' | 'samples'> | undefined;

  /** @internal */
  constructor(parts: { architecture: Architecture; weights?: Readonly<Record<string, Tensor>>; saved?: Pick<Manifest, 'training' | 'baseline' | 'samples'> } & ModelOptions) {
    const { seed = 0 } = parts;
    if (!Number.isSafeInteger(seed) || seed < 0) throw fail('bad-value', { what: 'model', got: `seed ${seed}`, want: 'a whole number of at least 0' });
    this.architecture = parts.architecture;
    const { parameters } = buildGraph(parts.architecture, { training: true });
    this.#machine = new Machine({
      architecture: parts.architecture,
      parameters,
      weights: parts.weights ?? initialWeights(parameters, seed),
      seed,
      executor: parts.executor,
    });
    this.#saved = parts.saved;
  }

  get name(): string {
    return this.architecture.name;
  }

  /**
   * Chooses optimizer, losses and metrics. May be called again: weights stay, the optimizer starts anew.
   * Errors: `unknown-name` with a did-you-mean, `bad-value`.
   */
  compile(options: CompileOptions): this {
    // Layers may have been frozen or thawed since the model was made.
    const { parameters } = buildGraph(this.architecture, { training: true });
    const resolved = plan(options, buildGraph(this.architecture, { training: false }));
    this.#configuring = this.#configuring.then(() => this.#machine.configure(resolved, parameters));
    this.#configuring.catch(() => undefined); // whoever awaits the next call sees it
    this.#machine.plan = resolved;
    return this;
  }

  /**
   * Trains on arrays `fit(x, y)`, or on a stream of batches `fit(stream)` that can be iterated once for each epoch.
   *
   * Errors: `not-compiled`, `shape-mismatch` and `dtype-mismatch` naming the input, `label-range`, `not-finite`, `aborted`,
   * `no-checkpoint`, `checkpoint-mismatch`.
   */
  fit(stream: AsyncIterable<StreamBatch> | Iterable<StreamBatch>, options?: FitOptions): Promise<History>;
  fit(x: TensorSet, y: TensorSet, options?: FitOptions): Promise<History>;
  async fit(x: TrainingData, second?: TensorSet | FitOptions, third?: FitOptions): Promise<History> {
    const stream = isStream(x) ? x : undefined;
    const options = ((stream ? second : third) ?? {}) as FitOptions;
    const defaults = trainingDefaults();
    await this.#compiled('fit');
    const { batchSize = 32, validationSplit, shuffle = true, sampleWeight, classWeight } = options;
    const slots = this.#slots(true);
    const columns = stream ? undefined : arrayColumns(slots, x as TensorSet, second as TensorSet, { sampleWeight, classWeight });
    const [training, held] = columns ? splitOff(columns, validationSplit) : [undefined, undefined];
    const source = training
      ? arraySource(training, { batchSize, shuffle: shuffle ? this.#machine.shuffleKey : undefined })
      : streamSource(slots, stream!, sampleWeight !== undefined, classWeight);
    const validation = held ? arraySource(held, { batchSize }) : this.#validationSource(options.validationData, slots, batchSize);
    const directory = checkpointOf(options.checkpoint ?? askedFor(defaults.checkpoint));
    const surroundings = [options.verbose === 0 ? undefined : defaults.progress?.(), defaults.watch?.()];
    const run = new FitRun({
      machine: this.#machine,
      source,
      validate: validation && ((signal) => this.#measure(validation, { signal })),
      epochs: defaults.epochs ?? options.epochs ?? 1,
      batchSize: stream ? undefined : batchSize,
      callbacks: [...(options.callbacks ?? []), ...surroundings.filter((callback) => callback !== undefined)],
      signal: anySignal(options.signal, defaults.signal),
      checkpoint: directory,
      resume: await resumeFrom(options.resume ?? defaults.resume, directory),
      modelBytes: (history) => this.#bytes({}, { history, columns: training }),
    });
    const result = await run.run();
    this.#trained = { history: run.logs, columns: training };
    return result;
  }

  /** One step on one batch. Returns the batch's figures. Errors as `fit`. */
  async trainOnBatch(x: TensorSet, y: TensorSet, { sampleWeight, classWeight }: Pick<FitOptions, 'sampleWeight' | 'classWeight'> = {}): Promise<Logs> {
    const compiled = await this.#compiled('trainOnBatch');
    const columns = arrayColumns(this.#slots(true), x, y, { sampleWeight, classWeight });
    const [batch] = arraySource(columns, { batchSize: Math.max(1, columns.samples) }).batches(0);
    const { outputs, graph } = await this.#machine.train(batch!, columns.weighted, this.#machine.scheduledRate(compiled));
    const totals = emptyTotals();
    addBatch(totals, graph, outputs, batch!.size);
    return readTotals(totals, graph);
  }

  /** Loss and metrics over data. Errors as `fit`. */
  evaluate(stream: AsyncIterable<StreamBatch> | Iterable<StreamBatch>, options?: EvaluateOptions): Promise<Record<string, LogValue>>;
  evaluate(x: TensorSet, y: TensorSet, options?: EvaluateOptions): Promise<Record<string, LogValue>>;
  async evaluate(x: TrainingData, second?: TensorSet | EvaluateOptions, third?: EvaluateOptions): Promise<Record<string, LogValue>> {
    const stream = isStream(x) ? x : undefined;
    const options = ((stream ? second : third) ?? {}) as EvaluateOptions;
    await this.#compiled('evaluate');
    const slots = this.#slots(true);
    const source = stream
      ? streamSource(slots, stream, options.sampleWeight !== undefined)
      : arraySource(arrayColumns(slots, x as TensorSet, second as TensorSet, options), { batchSize: options.batchSize ?? 256 });
    return this.#measure(source, options);
  }

  /**
   * What the model says to inputs: a tensor, or tensors by name for several outputs.
   * Errors: `shape-mismatch` and `dtype-mismatch` naming the input.
   */
  async predict(x: TensorSet, options: EvaluateOptions = {}): Promise<Tensor> {
    const outputs = await this.predictAll(x, options);
    const names = Object.keys(outputs);
    if (names.length > 1) throw fail('bad-value', { what: 'predict', got: `a model with ${names.length} outputs`, want: 'one', fix: 'Use predictAll(x): it returns tensors by name.' });
    return outputs[names[0]!]!;
  }

  /** As {@link Model.predict}, for models with any number of outputs: tensors by output name. */
  async predictAll(x: TensorSet, { batchSize = 256, weights, signal }: EvaluateOptions = {}): Promise<Record<string, Tensor>> {
    await this.#configuring;
    const source = arraySource(arrayColumns({ inputs: this.#slots(false).inputs, targets: [] }, x, undefined), { batchSize });
    const parts: Record<string, Tensor>[] = [];
    for (const batch of source.batches(0)) {
      signal?.throwIfAborted();
      parts.push(await this.#machine.predict(batch.feeds, { ema: weights === 'ema', signal }));
    }
    return Object.fromEntries(Object.keys(this.architecture.outputs).map((name) => [name, joinRows(parts.map((part) => part[name]!))]));
  }

  /** A table of layers, shapes and parameter counts, to be printed. */
  summary(): string {
    return summarize(this.architecture, this.#machine.parameters);
  }

  /** A layer by its name. Errors: `unknown-name` with a did-you-mean. */
  getLayer(name: string): Layer {
    return lookUp('layer', Object.fromEntries(this.architecture.layers.map((entry) => [entry.name, entry.layer])), name);
  }

  /** Copies of all weights, by name: `dense/kernel`. */
  async getWeights({ weights }: { readonly weights?: WeightsChoice } = {}): Promise<Record<string, Tensor>> {
    await this.#configuring;
    return this.#machine.weights({ ema: weights === 'ema' });
  }

  /** Overwrites weights by name. Errors: `unknown-name`, `shape-mismatch`; then nothing has changed. */
  async setWeights(weights: Readonly<Record<string, Tensor>>): Promise<void> {
    await this.#configuring;
    await this.#machine.setWeights(weights);
  }

  /** The model as the bytes of one ONNX file that carries everything needed to serve it and to train on. */
  toBytes(options: SaveOptions = {}): Promise<Uint8Array> {
    return this.#bytes(options, this.#trained);
  }

  /** Writes {@link Model.toBytes} to a file, whole or not at all. Errors: `file-failed`, `no-files` in browsers. */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    await files.write(path, await this.toBytes(options));
  }

  /** Frees what the model holds in the engine. The model stays usable; it takes hold anew when needed. */
  async release(): Promise<void> {
    await this.#configuring;
    await this.#machine.release();
  }

  async #compiled(call: string) {
    const compiled = this.#machine.needPlan(call);
    await this.#configuring;
    return compiled;
  }

  #slots(withTargets: boolean): Slots {
    const inputs = Object.entries(this.architecture.inputs).map(([name, { shape, dtype }]): Slot => ({ name, role: 'input', shape, dtype }));
    return { inputs, targets: withTargets ? this.#machine.needPlan('fit').outputs.map((output) => output.slot) : [] };
  }

  #validationSource(data: ValidationData | undefined, slots: Slots, batchSize: number): Source | undefined {
    if (data === undefined) return undefined;
    if ('stream' in data) return streamSource(slots, data.stream, false);
    const [x, y, sampleWeight] = data;
    return arraySource(arrayColumns(slots, x, y, { sampleWeight }), { batchSize });
  }

  async #measure(source: Source, { weights, signal }: EvaluateOptions): Promise<Record<string, LogValue>> {
    const totals = emptyTotals();
    let graph: Parameters<typeof readTotals>[1] | undefined;
    for await (const batch of source.batches(0)) {
      signal?.throwIfAborted();
      const measured = await this.#machine.evaluate(batch, source.weighted, { ema: weights === 'ema', signal });
      ({ graph } = measured);
      addBatch(totals, measured.graph, measured.outputs, batch.size);
    }
    if (!graph) throw fail('bad-value', { what: 'evaluate', got: 'no batches', want: 'at least one sample' });
    return readTotals(totals, graph);
  }

  async #bytes({ weights, labels, units }: SaveOptions, trained: { history: readonly Logs[]; columns: Columns | undefined } | undefined): Promise<Uint8Array> {
    await this.#configuring;
    const tensors = await this.#machine.weights({ ema: weights === 'ema' });
    const built = buildGraph(this.architecture, { training: false, weights: tensors });
    const graph = { name: this.name, inputs: Object.values(built.inputs), outputs: built.outputs };
    const port = (name: string, { shape, dtype }: Pick<Symbolic, 'shape' | 'dtype'>) => ({ name, dtype, shape, ...(units?.[name] !== undefined && { unit: units[name] }) });
    const described = trained?.columns && (await describeData(trained.columns));
    const training: TrainingSummary | undefined = trained
      ? {
          seed: this.#machine.seed,
          epochs: this.#machine.epochCount,
          steps: this.#machine.updateCount,
          metrics: trained.history[trained.history.length - 1] ?? {},
          samples: trained.columns?.samples,
          dataFingerprint: described?.fingerprint,
          versions: { stratus: version },
        }
      : this.#saved?.training;
    const baseline: Readonly<Record<string, InputStatistics>> | undefined = described?.baseline ?? this.#saved?.baseline;
    return encodeArtifact(graph, {
      name: this.name,
      createdAt: new Date().toISOString(),
      signature: {
        inputs: Object.entries(this.architecture.inputs).map(([name, value]) => port(name, value)),
        outputs: Object.entries(this.architecture.outputs).map(([name, value]) => port(name, value)),
      },
      preprocessing: [],
      postprocessing: labelSteps(labels, Object.keys(this.architecture.outputs)),
      seed: this.#machine.seed,
      architecture: toConfig(this.architecture),
      training,
      compile: this.#machine.plan?.config,
      baseline,
      samples: described ? [await this.#sampleRequest(described.sample)] : (this.#saved?.samples ?? []),
    });
  }

  async #sampleRequest(sample: Readonly<Record<string, Tensor>>): Promise<SampleRequest> {
    const outputs = await this.#machine.predict(sample);
    const plain = (tensors: Readonly<Record<string, Tensor>>) => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.toArray()]));
    return { inputs: plain(sample), outputs: plain(outputs) };
  }
}

function labelSteps(labels: SaveOptions['labels'], outputs: readonly string[]): Manifest['postprocessing'] {
  if (!labels) return [];
  const byOutput = Array.isArray(labels) ? { [outputs[0]!]: labels as readonly string[] } : (labels as Readonly<Record<string, readonly string[]>>);
  return Object.entries(byOutput).map(([output, names]) => {
    if (!outputs.includes(output)) lookUp('output', Object.fromEntries(outputs.map((name) => [name, name])), output);
    return { type: 'labels', config: { output, labels: names } };
  });
}

const joinRows = (parts: readonly Tensor[]): Tensor => {
  if (parts.length === 1) return parts[0]!;
  const [first] = parts;
  const shape = [parts.reduce((n, part) => n + part.shape[0]!, 0), ...first!.shape.slice(1)];
  if (first!.dtype === 'string') return new Tensor('string', shape, parts.flatMap((part) => part.data as string[]));
  const joined = zeros(shape, first!.dtype);
  let at = 0;
  for (const { data } of parts) {
    (joined.data as Float32Array).set(data as Float32Array, at);
    at += data.length;
  }
  return joined as Tensor & { data: DataTypes['float32'] & TypedArray };
};

/** The last part of the samples is held out, as Keras does, before any shuffling. */
function splitOff(columns: Columns, share: number | undefined): [Columns, Columns | undefined] {
  if (share === undefined) return [columns, undefined];
  const count = Math.round(columns.samples * share);
  if (!(share > 0 && share < 1) || count === 0 || count === columns.samples)
    throw fail('bad-value', { what: 'fit', got: `validationSplit ${share} of ${columns.samples} samples`, want: 'a share that leaves samples on both sides' });
  const cut = (start: number, end: number): Columns => ({
    ...columns,
    samples: end - start,
    entries: columns.entries.map((entry) => ({ ...entry, column: entry.column.rows(start, end) })),
  });
  return [cut(0, columns.samples - count), cut(columns.samples - count, columns.samples)];
}

const askedFor = (folder: string | (() => string) | undefined): string | undefined => (typeof folder === 'function' ? folder() : folder);

const checkpointOf = (given: string | CheckpointOptions | undefined): CheckpointOptions | undefined => (typeof given === 'string' ? { directory: given } : given);

async function resumeFrom(resume: boolean | string | undefined, checkpoint: CheckpointOptions | undefined): Promise<string | undefined> {
  if (typeof resume === 'string') return resume;
  if (!resume) return undefined;
  if (!checkpoint) throw fail('bad-value', { what: 'fit', got: 'resume without a folder', want: "checkpoint: 'folder', or resume: 'folder'" });
  return (await files.readIfThere(files.join(checkpoint.directory, 'LATEST'))) ? checkpoint.directory : undefined;
}

function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

/**
 * A model of layers one after another. The list begins with an input.
 *
 * Errors: `bad-graph`, `shape-mismatch` naming the layer. Source: Keras Sequential.
 *
 * @example
 * import { dense, flatten, input, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [28, 28] }), flatten(), dense({ units: 10, activation: 'softmax' })]);
 * console.log(net.summary());
 */
export function sequential(layers: readonly [InputValue, ...Layer[]], options: ModelOptions = {}): Model {
  const [first, ...rest] = layers;
  if (typeof first !== 'object' || first?.kind !== 'input')
    throw fail('bad-graph', { what: 'sequential', got: 'a list that begins with a layer', want: 'input({ shape: […] }) first', fix: 'Put input({ shape: [784] }) at its head.' });
  const output = rest.reduce<Symbolic>((value, layer) => layer(value), first);
  return new Model({ architecture: architecture({ inputs: first, outputs: output, name: options.name ?? 'sequential' }), ...options });
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
export const model = ({ inputs, outputs, ...options }: { readonly inputs: SymbolicSet; readonly outputs: SymbolicSet } & ModelOptions): Model =>
  new Model({ architecture: architecture({ inputs, outputs, name: options.name ?? 'model' }), ...options });
