import { fail } from '../errors.ts';
import { checkGraph, type Graph } from '../graph/index.ts';
import type { Architecture, Parameter } from '../nn/index.ts';
import { exportGraph } from '../onnx/index.ts';
import { executor as defaultExecutor, type Executor, type Held, type Program } from '../runtime/index.ts';
import { foldIn, full, randomKey, tensor, zeros, type RandomKey, type Tensor } from '../tensor/index.ts';
import { applyGraph, evaluateGraph, names, predictGraph, trainGraph, type MeasuringGraph, type TrainingGraph } from './graphs.ts';
import type { Plan } from './plan.ts';
import type { Batch } from './source.ts';

interface Ready<G> {
  readonly program: Program;
  readonly graph: G;
}

/** Salts of a run's key: what is drawn for what. */
const salts = { step: 1, shuffle: 2 } as const;

/**
 * The numbers of one model and the programs that work on them. Weights, optimizer slots and averages stay with the executor
 * between steps; programs are compiled when first needed.
 */
export class Machine {
  readonly architecture: Architecture;
  parameters: readonly Parameter[];
  readonly seed: number;
  plan: Plan | undefined;
  /** Batches trained on, ever: the random numbers of a step depend on it. */
  batchCount = 0;
  /** Updates of the parameters, ever: what bias corrections and schedules count. */
  updateCount = 0;
  /** Epochs trained, ever: the order of the data depends on it. */
  epochCount = 0;

  #weights: Readonly<Record<string, Tensor>>;
  #executor: Executor | undefined;
  #held: Held | undefined;
  readonly #programs = new Map<string, Promise<Ready<MeasuringGraph | undefined>>>();

  constructor(parts: {
    readonly architecture: Architecture;
    readonly parameters: readonly Parameter[];
    readonly weights: Readonly<Record<string, Tensor>>;
    readonly seed: number;
    readonly executor?: Executor | undefined;
  }) {
    this.architecture = parts.architecture;
    this.parameters = parts.parameters;
    this.seed = parts.seed;
    this.#weights = parts.weights;
    this.#executor = parts.executor;
  }

  /** The key that shuffles epochs. */
  get shuffleKey(): RandomKey {
    return foldIn(randomKey(this.seed), salts.shuffle);
  }

  /** Sets or changes optimizer, losses and metrics. Weights stay; optimizer slots start anew. */
  async configure(plan: Plan, parameters: readonly Parameter[]): Promise<void> {
    await this.#dropPrograms();
    await this.#letGo();
    this.plan = plan;
    this.parameters = parameters;
    this.updateCount = 0;
  }

  needPlan(call: string): Plan {
    if (!this.plan) throw fail('not-compiled', { call });
    return this.plan;
  }

  /** The learning rate that the optimizer's schedule gives for the next update. */
  scheduledRate(plan: Plan): number {
    const { learningRate } = plan.optimizer;
    return typeof learningRate === 'number' ? learningRate : learningRate.at(this.updateCount);
  }

  async predict(feeds: Readonly<Record<string, Tensor>>, { ema = false, signal }: { ema?: boolean; signal?: AbortSignal | undefined } = {}): Promise<Record<string, Tensor>> {
    const { program } = await this.#ready('predict', () => ({ graph: predictGraph(this.architecture), info: undefined }));
    return program.run(feeds, { held: await this.#weightsFor(ema), signal });
  }

  async evaluate(batch: Batch, weighted: boolean, { ema = false, signal }: { ema?: boolean; signal?: AbortSignal | undefined } = {}) {
    const plan = this.needPlan('evaluate');
    const { program, graph } = await this.#ready(`evaluate ${weighted}`, () => {
      const info = evaluateGraph(this.architecture, plan, weighted);
      return { graph: info.graph, info };
    });
    const outputs = await program.run({ ...batch.feeds, ...this.#keys(graph!, 0) }, { held: await this.#weightsFor(ema), signal });
    return { outputs, graph: graph! };
  }

  /** One batch: forward, backward and, unless gradients are still being collected, the update. */
  async train(batch: Batch, weighted: boolean, learningRate: number) {
    const plan = this.needPlan('fit');
    const { program, graph } = await this.#trainer(plan, weighted);
    const held = await this.#state();
    const feeds = { ...batch.feeds, ...this.#keys(graph, this.batchCount), ...this.#scalars(plan, graph, learningRate) };
    const outputs = await program.run(feeds, { held, updates: graph.updates });
    this.batchCount++;
    if (plan.accumulation === 1) this.updateCount++;
    else if (this.batchCount % plan.accumulation === 0) await this.#applyCollected(plan, held, learningRate);
    return { outputs, graph };
  }

  /** What a step of training measures, without running one. */
  async trainingGraph(weighted: boolean): Promise<MeasuringGraph> {
    return (await this.#trainer(this.needPlan('fit'), weighted)).graph;
  }

  #trainer(plan: Plan, weighted: boolean): Promise<Ready<TrainingGraph>> {
    return this.#ready(`train ${weighted}`, () => {
      const info = trainGraph(this.architecture, plan, weighted);
      return { graph: info.graph, info };
    });
  }

  async #applyCollected(plan: Plan, held: Held, learningRate: number): Promise<void> {
    const { program, graph } = await this.#ready('apply', () => {
      const info = applyGraph(this.architecture, plan);
      return { graph: info.graph, info };
    });
    await program.run(this.#scalars(plan, graph, learningRate), { held, updates: graph.updates });
    this.updateCount++;
  }

  /** Weights by parameter name; copies. With `ema`, moving averages where there are any. */
  async weights({ ema = false } = {}): Promise<Record<string, Tensor>> {
    const all = this.#held ? await this.#held.read() : this.#weights;
    return Object.fromEntries(this.parameters.map(({ name }) => [name, (ema ? all[names.ema(name)] : undefined) ?? all[name]!]));
  }

  /** What training needs besides the weights: slots, averages, sums. Empty before the first step. */
  async trainingState(): Promise<Record<string, Tensor>> {
    const all = this.#held ? await this.#held.read() : {};
    return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('@')));
  }

  /** Overwrites weights, and slots if given. Shapes must stay. */
  async setWeights(weights: Readonly<Record<string, Tensor>>, state: Readonly<Record<string, Tensor>> = {}): Promise<void> {
    for (const { name, shape } of this.parameters) {
      const given = weights[name];
      if (given && (given.shape.length !== shape.length || given.shape.some((d, i) => d !== shape[i])))
        throw fail('shape-mismatch', { what: 'setWeights', at: name, got: `[${given.shape.join(', ')}]`, want: `[${shape.join(', ')}]` });
    }
    const strange = Object.keys(weights).find((name) => !this.parameters.some((parameter) => parameter.name === name));
    if (strange !== undefined)
      throw fail('unknown-name', { kind: 'parameter', name: strange, known: this.parameters.map((parameter) => parameter.name) });
    if (Object.keys(state).length > 0) await (await this.#state()).write({ ...weights, ...state });
    else if (this.#held) await this.#held.write(weights);
    else this.#weights = { ...this.#weights, ...weights };
  }

  async release(): Promise<void> {
    await this.#dropPrograms();
    await this.#letGo();
  }

  async executor(): Promise<Executor> {
    this.#executor ??= await defaultExecutor();
    return this.#executor;
  }

  /** Weights alone, for predicting; with everything that training needs, once there is a plan. */
  async #state(): Promise<Held> {
    if (this.#held) return this.#held;
    const { plan } = this;
    const tensors: Record<string, Tensor> = { ...this.#weights };
    if (plan) {
      for (const { name, shape, trainable } of this.parameters) {
        if (!trainable) continue;
        for (const [slot, init] of Object.entries(plan.optimizer.slots)) tensors[names.slot(slot, name)] = full(shape, init);
        if (plan.accumulation > 1) tensors[names.sum(name)] = zeros(shape);
        if (plan.emaMomentum !== undefined) tensors[names.ema(name)] = this.#weights[name]!;
      }
    }
    this.#held = await (await this.executor()).hold(tensors);
    return this.#held;
  }

  async #weightsFor(ema: boolean): Promise<Held> {
    const held = await this.#state();
    if (!ema || this.plan?.emaMomentum === undefined) return held;
    return this.#averages();
  }

  #averaged: { readonly at: number; readonly held: Held } | undefined;

  /** Moving averages in the place of weights, copied once after each update. */
  async #averages(): Promise<Held> {
    if (this.#averaged?.at === this.updateCount) return this.#averaged.held;
    const weights = await this.weights({ ema: true });
    if (this.#averaged) await this.#averaged.held.write(weights);
    const averages = this.#averaged?.held ?? (await (await this.executor()).hold(weights));
    this.#averaged = { at: this.updateCount, held: averages };
    return averages;
  }

  async #letGo(): Promise<void> {
    await this.#averaged?.held.release();
    this.#averaged = undefined;
    if (!this.#held) return;
    this.#weights = await this.weights();
    await this.#held.release();
    this.#held = undefined;
  }

  async #dropPrograms(): Promise<void> {
    const ready = await Promise.allSettled(this.#programs.values());
    this.#programs.clear();
    for (const entry of ready) if (entry.status === 'fulfilled') await entry.value.program.release();
  }

  #ready<G extends MeasuringGraph | undefined>(key: string, make: () => { graph: Graph; info: G }): Promise<Ready<G>> {
    let entry = this.#programs.get(key) as unknown as Promise<Ready<G>> | undefined;
    if (!entry) {
      entry = this.#compile(make);
      this.#programs.set(key, entry as unknown as Promise<Ready<MeasuringGraph | undefined>>);
      entry.catch(() => this.#programs.delete(key));
    }
    return entry;
  }

  async #compile<G>(make: () => { graph: Graph; info: G }): Promise<Ready<G>> {
    const { graph, info } = make();
    checkGraph(graph);
    const program = await (await this.executor()).compile(exportGraph(graph));
    return { program, graph: info };
  }

  #keys(graph: MeasuringGraph, batch: number): Record<string, Tensor> {
    if (graph.keys.length === 0) return {};
    const key = foldIn(foldIn(randomKey(this.seed), salts.step), batch);
    return Object.fromEntries(graph.keys.map(({ name, salt }) => [name, tensor(Uint32Array.from(foldIn(key, salt)))]));
  }

  #scalars(plan: Plan, graph: TrainingGraph, learningRate: number): Record<string, Tensor> {
    if (!graph.updating) return {};
    const values = plan.optimizer.scalars(this.updateCount + 1);
    return {
      [names.learningRate]: scalar(learningRate),
      ...Object.fromEntries(graph.scalars.map((name) => [names.scalar(name), scalar(values[name]!)])),
    };
  }
}

const scalar = (value: number): Tensor => tensor(Float32Array.of(value), { shape: [] });
