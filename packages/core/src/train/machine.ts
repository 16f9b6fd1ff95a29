import { fail } from '../errors.ts';
import type { Runs } from '../graph/index.ts';
import type { Architecture, Parameter } from '../nn/index.ts';
import type { StepProfile } from '../profile/index.ts';
import { executor as defaultExecutor, type Executor, type Held } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { full, type RandomKey, sameShape, showShape, type Tensor, zeros } from '../tensor/index.ts';
import { canBeConstant } from './constant-weights.ts';
import { copies } from './copies.ts';
import type { Counts } from './counts.ts';
import { Gate } from './gate.ts';
import { applyGraph, evaluateGraph, type MeasuringGraph, names, predictGraph, type TrainingGraph, trainGraph } from './graphs.ts';
import type { Plan } from './plan.ts';
import { Programs } from './programs.ts';
import { StepNames } from './several-steps.ts';
import type { Batch } from './source.ts';
import { keyFeeds, scalarFeeds, shuffleKey } from './step-feeds.ts';
import type { StepProfiler, Watcher } from './step-profiler.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** How a forward pass is run. */
interface PassOptions {
  /** With the moving averages in the place of the weights. */
  readonly ema?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How a step is run. */
interface TrainOptions extends Pick<PassOptions, 'signal'> {
  /** Has the engine watch the step, in programs of their own that calculate the same. */
  readonly watcher?: Watcher | undefined;
}

/**
 * The numbers of one model and the programs that work on them. Weights, optimizer slots and averages stay with the executor
 * between steps; programs are compiled when first needed. Its methods may be called while others are under way: a new plan
 * and a release wait until these are over.
 */
export class Machine {
  architecture: Architecture;
  parameters: readonly Parameter[];
  readonly seed: number;
  plan: Plan | undefined;
  /** Epochs trained, ever: the order of the data depends on it. */
  epochCount = 0;

  /** What is not with the executor at present: weights, and after a release also slots, sums and averages. */
  #tensors: Tensors;
  #executor: Executor | undefined;
  #held: Promise<Held> | undefined;
  #averaged: { readonly at: number; readonly held: Promise<Held> } | undefined;
  #batchCount = 0;
  #updateCount = 0;
  #collected = 0;
  /** Counts the changes of the held tensors. */
  #changes = 0;
  readonly #gate = new Gate();
  readonly #stepNames = new StepNames();
  readonly #programs = new Programs(() => this.#theExecutor());

  constructor(parts: {
    readonly architecture: Architecture;
    readonly parameters: readonly Parameter[];
    readonly weights: Tensors;
    readonly seed: number;
    readonly executor?: Executor | undefined;
  }) {
    this.architecture = parts.architecture;
    this.parameters = parts.parameters;
    this.seed = parts.seed;
    this.#tensors = parts.weights;
    this.#executor = parts.executor;
  }

  get counts(): Counts {
    return { batchCount: this.#batchCount, updateCount: this.#updateCount, collected: this.#collected };
  }

  /** The key that shuffles epochs. */
  get shuffleKey(): RandomKey {
    return shuffleKey(this.seed);
  }

  /** Sets or changes optimizer, losses and metrics. Weights stay; optimizer slots and averages start anew. */
  configure(plan: Plan, parameters: readonly Parameter[]): void {
    this.plan = plan;
    const done = this.#gate.alone(async () => {
      await this.#programs.release();
      this.#tensors = this.#ownWeights(await this.#letGo());
      this.parameters = parameters;
      this.#updateCount = 0;
      this.#collected = 0;
    });
    done.catch(() => undefined); // whoever calls next is told
  }

  /** The same parameters in another graph: something else comes before. */
  restructure(architecture: Architecture): void {
    this.architecture = architecture;
    const done = this.#gate.alone(() => this.#programs.release());
    done.catch(() => undefined); // whoever calls next is told
  }

  needPlan(call: string): Plan {
    if (!this.plan) throw fail('not-compiled', { call });
    return this.plan;
  }

  /** Errors: `bad-value` when moving averages are asked for and the plan keeps none. */
  needAverages(call: string): void {
    if (this.plan?.emaMomentum === undefined)
      throw fail('bad-value', {
        what: call,
        got: "weights: 'ema'",
        want: 'a model that keeps moving averages',
        fix: 'Compile it with emaMomentum: 0.999, and train it.',
      });
  }

  /** The learning rate that the optimizer's schedule gives for the next update, or the one so many later. */
  scheduledRate(plan: Plan, later = 0): number {
    const { learningRate } = plan.optimizer;
    return typeof learningRate === 'number' ? learningRate : learningRate.at(this.#updateCount + later);
  }

  /** How many steps may be one run. */
  get stepsTogether(): number {
    const { accumulation = 1, stepsPerExecution = 1 } = this.plan ?? {};
    return accumulation > 1 || this.parameters.some(({ sparse }) => sparse) ? 1 : stepsPerExecution;
  }

  predict(feeds: Tensors, { ema = false, signal }: PassOptions = {}): Promise<Record<string, Tensor>> {
    return this.#gate.shared(async () => {
      const weights = this.#settledWeights();
      if (weights) {
        const make = () => ({ graph: predictGraph(this.architecture, weights) });
        const { program } = await this.#programs.get('predict with weights inside', make, { constant: true });
        return program.run(feeds, { signal });
      }
      const { program } = await this.#programs.get('predict', () => ({ graph: predictGraph(this.architecture) }));
      return program.run(feeds, { held: await this.#weightsFor(ema), signal });
    });
  }

  /** The weights of a model that is there to predict: nobody has compiled it or changed a weight. As constants, the engine can pack and fold them. */
  #settledWeights(): Tensors | undefined {
    if (this.plan || this.#held || this.#changes > 0) return undefined;
    return canBeConstant(this.#tensors) ? this.#tensors : undefined;
  }

  /** Measures one batch by a plan. Errors: `bad-value` if the model has been compiled anew since. */
  evaluate(batch: Batch, plan: Plan, { ema = false, signal }: PassOptions = {}) {
    return this.#gate.shared(async () => {
      if (plan !== this.plan)
        throw fail('bad-value', {
          what: 'evaluate',
          got: 'a model that was compiled anew in the meantime',
          want: 'one plan throughout',
        });
      const make = (): MeasuringGraph => evaluateGraph(this.architecture, plan, batch.weighted);
      const { program, graph } = await this.#programs.get(`evaluate ${batch.weighted}`, make, { samples: batch.size });
      const outputs = await program.run(
        { ...batch.feeds, ...keyFeeds(graph, this.seed, 0) },
        { held: await this.#weightsFor(ema), signal },
      );
      return { outputs, graph };
    });
  }

  /**
   * One batch, or several of equal shapes in one run: forward, backward and, unless gradients are still being collected, the update, at the scheduled rates unless told. One call at a time.
   */
  train(batches: readonly [Batch, ...Batch[]], learningRate?: number, { signal, watcher }: TrainOptions = {}) {
    return this.#gate.shared(async () => {
      const plan = this.needPlan('fit');
      const { length: count, 0: first } = batches;
      const held = await this.#state();
      const repeated = count > 1 ? { count, held: held.names } : undefined;
      const single = (runs: Runs): TrainingGraph => trainGraph(this.architecture, plan, first.weighted, runs);
      const make = (runs: Runs) => ({ ...single(runs), repeated });
      const options = { samples: first.size, watched: watcher !== undefined };
      const ready = await this.#programs.get(`train ${first.weighted} ${count}`, make, options);
      const { program, graph } = ready;
      const rate = (step: number): number => learningRate ?? this.scheduledRate(plan, step);
      const feeds = this.#stepNames.join(
        batches.map(({ feeds }, step) => ({
          ...feeds,
          ...keyFeeds(graph, this.seed, this.#batchCount + step),
          ...scalarFeeds(plan, graph, rate(step), this.#updateCount + 1 + step),
        })),
      );
      const { updates, rowUpdates } = graph;
      const outputs = this.#stepNames.split(await program.run(feeds, { held, updates, rowUpdates, signal }), count);
      watcher?.ran(ready, feeds);
      this.#changes++;
      this.#batchCount += count;
      this.#collected++;
      if (this.#collected >= plan.accumulation) {
        if (!graph.updating) await this.#applyCollected(plan, { held, learningRate: rate(0), watcher });
        this.#changes++;
        this.#updateCount += count;
        this.#collected = 0;
      }
      return { outputs, graph };
    });
  }

  /** What a profiler has found. What was made for it alone is freed. */
  profile(profiler: StepProfiler): Promise<StepProfile | undefined> {
    return this.#gate.shared(async () => {
      try {
        return await profiler.finish(await this.#theExecutor());
      } finally {
        await this.#programs.releaseWatched();
      }
    });
  }

  /** Frees what was made for a profile that nobody wants any more. */
  dropProfile(): Promise<void> {
    return this.#gate.shared(() => this.#programs.releaseWatched());
  }

  /** What a step of training measures, without running one. */
  measured(): MeasuringGraph {
    return evaluateGraph(this.architecture, this.needPlan('fit'), false);
  }

  async #applyCollected(
    plan: Plan,
    { held, learningRate, watcher }: { readonly held: Held; readonly learningRate: number } & Pick<TrainOptions, 'watcher'>,
  ): Promise<void> {
    if (!this.parameters.some(({ trainable }) => trainable)) return;
    const make = (): TrainingGraph => applyGraph(this.architecture, plan);
    const ready = await this.#programs.get('apply', make, { watched: watcher !== undefined });
    const feeds = scalarFeeds(plan, ready.graph, learningRate, this.#updateCount + 1);
    await ready.program.run(feeds, { held, updates: ready.graph.updates });
    watcher?.ran(ready, feeds);
  }

  /** Weights by parameter name; copies. With `ema`, moving averages where there are any. */
  weights({ ema = false } = {}): Promise<Record<string, Tensor>> {
    return this.#gate.shared(() => this.#readWeights(ema));
  }

  /** What training needs besides the weights: slots, averages, sums; copies. */
  trainingState(): Promise<Record<string, Tensor>> {
    return this.#gate.shared(async () => {
      const held = await this.#state();
      return held.read(held.names.filter(isState));
    });
  }

  /** Overwrites weights. Errors: `unknown-name`, `shape-mismatch`, `dtype-mismatch`; then nothing has changed. */
  setWeights(weights: Tensors): Promise<void> {
    return this.#gate.shared(async () => {
      const known = Object.fromEntries(this.parameters.map((parameter) => [parameter.name, parameter]));
      for (const [name, given] of Object.entries(weights)) {
        const { shape, dtype } = lookUp('parameter', known, name);
        if (!sameShape(given.shape, shape))
          throw fail('shape-mismatch', { what: 'setWeights', at: name, got: showShape(given.shape), want: showShape(shape) });
        if (given.dtype !== dtype) throw fail('dtype-mismatch', { what: 'setWeights', at: name, got: given.dtype, want: dtype });
      }
      if (this.#held) await (await this.#held).write(weights);
      else this.#tensors = { ...this.#tensors, ...copies(weights) };
      this.#changes++;
    });
  }

  /** Puts weights, training state and counts where they were. Errors: as `setWeights`, and `bad-value` if something is missing; then nothing has changed. */
  restore(weights: Tensors, state: Tensors, counts: Counts): Promise<void> {
    return this.#gate.shared(async () => {
      const held = await this.#state();
      const given = { ...weights, ...state };
      const missing = held.names.find((name) => !Object.hasOwn(given, name));
      if (missing !== undefined)
        throw fail('bad-value', { what: 'restore', got: `nothing for '${missing}'`, want: 'all tensors of the training' });
      await held.write(given);
      this.#changes++;
      this.#batchCount = counts.batchCount;
      this.#updateCount = counts.updateCount;
      this.#collected = counts.collected;
    });
  }

  /** Gives all memory back to the executor, after what is under way; everything is kept here for the next use. */
  release(): Promise<void> {
    return this.#gate.alone(async () => {
      await this.#programs.release();
      this.#tensors = await this.#letGo();
    });
  }

  /** What runs it, for people. */
  async engine(): Promise<string> {
    return (await this.#theExecutor()).description;
  }

  async #theExecutor(): Promise<Executor> {
    this.#executor ??= await defaultExecutor();
    return this.#executor;
  }

  /** The held tensors: weights alone for predicting; with everything that training needs, once there is a plan. */
  #state(): Promise<Held> {
    if (this.#held) return this.#held;
    const held = this.#theExecutor().then((executor) => executor.hold(this.#allTensors()));
    this.#held = held;
    const settled = (done: boolean): void => {
      if (this.#held !== held) return;
      if (done)
        this.#tensors = {}; // there once, and not here as well
      else this.#held = undefined;
    };
    held.then(
      () => settled(true),
      () => settled(false),
    );
    return held;
  }

  #allTensors(): Tensors {
    const { plan } = this;
    const tensors: Record<string, Tensor> = {};
    const add = (name: string, make: () => Tensor) => {
      tensors[name] = this.#tensors[name] ?? make();
    };
    for (const { name, shape, dtype, trainable } of this.parameters) {
      tensors[name] = this.#tensors[name]!;
      if (!plan || !trainable) continue;
      for (const [slot, init] of Object.entries(plan.optimizer.slots))
        add(names.slot(slot, name), () => full(shape, init, dtype));
      if (plan.accumulation > 1) add(names.sum(name), () => zeros(shape, dtype));
      if (plan.emaMomentum !== undefined) add(names.ema(name), () => this.#tensors[name]!);
    }
    return tensors;
  }

  async #readWeights(ema: boolean): Promise<Record<string, Tensor>> {
    const held = await this.#held;
    const present = held ? new Set(held.names) : { has: (name: string) => this.#tensors[name] !== undefined };
    const sources = this.parameters.map(({ name }) => (ema && present.has(names.ema(name)) ? names.ema(name) : name));
    const all = held ? await held.read(sources) : copies(Object.fromEntries(sources.map((name) => [name, this.#tensors[name]!])));
    return Object.fromEntries(this.parameters.map(({ name }, i) => [name, all[sources[i]!]!]));
  }

  #weightsFor(ema: boolean): Promise<Held> {
    return ema && this.plan?.emaMomentum !== undefined ? this.#averages() : this.#state();
  }

  /** Moving averages in the place of weights, copied once after each change. */
  #averages(): Promise<Held> {
    const [known, at] = [this.#averaged, this.#changes];
    if (known?.at === at) return known.held;
    const renew = async (): Promise<Held> => {
      const weights = await this.#readWeights(true);
      const held = await known?.held;
      if (!held) return (await this.#theExecutor()).hold(weights);
      await held.write(weights);
      return held;
    };
    const held = renew();
    this.#averaged = { at, held };
    held.catch(() => {
      if (this.#averaged?.held === held) this.#averaged = undefined;
    });
    return held;
  }

  /** Frees what is held. What comes back is all of it. */
  async #letGo(): Promise<Tensors> {
    await (await this.#averaged?.held)?.release();
    this.#averaged = undefined;
    const held = await this.#held;
    if (!held) return this.#tensors;
    const tensors = await held.read();
    await held.release();
    this.#held = undefined;
    return tensors;
  }

  #ownWeights(tensors: Tensors): Tensors {
    return Object.fromEntries(Object.entries(tensors).filter(([name]) => !isState(name)));
  }
}

const isState = (name: string): boolean => name.startsWith('@');
