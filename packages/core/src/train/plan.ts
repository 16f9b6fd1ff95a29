import { fail } from '../errors.ts';
import { graphInput, type Value } from '../graph/index.ts';
import { type Loss, type LossLike, resolveLoss } from '../losses/index.ts';
import { type Metric, type MetricLike, resolveMetric } from '../metrics/index.ts';
import type { Built } from '../nn/index.ts';
import { type Optimizer, type OptimizerName, resolveOptimizer } from '../optim/index.ts';
import { nearest } from '../suggest.ts';
import { checkedRecompute, partsOf, type Recompute } from './recompute.ts';
import { targetFeed } from './source.ts';
import { checkSparse } from './sparse-rows.ts';
import type { Slot } from './values.ts';

/** What `compile` takes. */
export interface CompileOptions {
  /** A name with its defaults ('adam'), or an optimizer: `adam({ learningRate: 3e-4 })`. */
  readonly optimizer: OptimizerName | Optimizer;
  /** A name, a loss, or a function of graph values; by output for several outputs. */
  readonly loss: LossLike | Readonly<Record<string, LossLike>>;
  /** Names or metrics; by output for several outputs. Sample and class weights do not count in them, as in Keras. */
  readonly metrics?: readonly MetricLike[] | Readonly<Record<string, readonly MetricLike[]>>;
  /** Metrics in which every sample counts by its weight. */
  readonly weightedMetrics?: readonly MetricLike[] | Readonly<Record<string, readonly MetricLike[]>>;
  /** How much each output's loss counts; 1 unless told. */
  readonly lossWeights?: Readonly<Record<string, number>>;
  /** Gradients of so many batches are averaged before one update. */
  readonly gradientAccumulationSteps?: number;
  /** Keeps an exponential moving average of the weights with this momentum, such as 0.999. */
  readonly emaMomentum?: number;
  /**
   * Takes less memory and more time: what layers calculate is not kept for the gradient but calculated a second time, to the same bits.
   * `true` chooses the parts; `'block*'` or a list names layers or paths (`'backbone/stage1'`), each of which is a part: what goes from one to
   * another is kept. Known as gradient checkpointing: torch.utils.checkpoint, tf.recompute_grad, keras.RematScope.
   */
  readonly recompute?: Recompute;
  /**
   * So many steps are one run of the engine, 1 unless told: small models take less time a step. Results are the same to their bits. Steps are run one by one all the same where somebody looks in
   * between: callbacks with `onBatchEnd` (unless they are `figuresOnly`), checkpoints after every so many batches, a profile; with gradient accumulation and sparse embeddings; and over iterables
   * that are no `Dataset`, whose batches may be written over. Not kept in files. Source: Keras' steps_per_execution.
   */
  readonly stepsPerExecution?: number;
}

/** What is asked of one output. */
export interface OutputPlan {
  readonly name: string;
  readonly loss: Loss;
  readonly lossWeight: number;
  readonly metrics: readonly { readonly metric: Metric; readonly weighted: boolean }[];
  readonly slot: Slot;
}

/** Options of compile, resolved against the outputs of a model. */
export interface Plan {
  readonly optimizer: Optimizer;
  readonly outputs: readonly OutputPlan[];
  readonly accumulation: number;
  readonly emaMomentum: number | undefined;
  readonly recompute: Recompute | undefined;
  readonly stepsPerExecution: number;
  /** As given, as far as it is plain JSON: for the artifact. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Resolves names and checks them against the model, as it predicts and as it trains. Errors: `unknown-name`, `bad-value`. */
export function plan(options: CompileOptions, built: Built, training: Built = built): Plan {
  if (typeof options !== 'object' || options === null) throw bad(`options ${String(options)}`, '{ optimizer, loss }');
  const names = Object.keys(built.outputs);
  const accumulation = options.gradientAccumulationSteps ?? 1;
  if (!Number.isInteger(accumulation) || accumulation < 1)
    throw bad(`gradientAccumulationSteps ${accumulation}`, 'a positive whole number');
  const { emaMomentum, lossWeights = {}, stepsPerExecution = 1 } = options;
  if (!Number.isInteger(stepsPerExecution) || stepsPerExecution < 1)
    throw bad(`stepsPerExecution ${stepsPerExecution}`, 'a positive whole number, such as 32');
  if (emaMomentum !== undefined && !(emaMomentum > 0 && emaMomentum < 1))
    throw bad(`emaMomentum ${emaMomentum}`, 'a number between 0 and 1, such as 0.999');
  if (options.optimizer === undefined || options.optimizer === null) throw bad('no optimizer', "one, such as 'adam'");
  const optimizer = resolveOptimizer(options.optimizer);
  const lossOf = perOutput<LossLike>('loss', options.loss, names, isLossLike);
  const metricsOf = perOutput<readonly MetricLike[]>('metrics', options.metrics ?? [], names, Array.isArray);
  const weightedOf = perOutput<readonly MetricLike[]>('weightedMetrics', options.weightedMetrics ?? [], names, Array.isArray);
  checkNames('lossWeights', Object.keys(lossWeights), names);
  const outputs = names.map((name): OutputPlan => {
    const given = lossOf(name);
    if (given === undefined) throw bad(`no loss for the output '${name}'`, 'a loss for each output');
    const loss = resolveLoss(given);
    const prediction = built.outputs[name]!;
    const { ignored } = loss;
    const slot: Slot = { name, role: 'target', ...loss.target(prediction), classes: loss.classes?.(prediction), ignored };
    const lossWeight = (Object.hasOwn(lossWeights, name) ? lossWeights[name] : undefined) ?? 1;
    if (!Number.isFinite(lossWeight)) throw bad(`lossWeights { ${name}: ${lossWeight} }`, 'finite numbers');
    const resolved = (weighted: boolean) => (metric: MetricLike) => ({ metric: resolveMetric(metric), weighted });
    const metrics = [...(metricsOf(name) ?? []).map(resolved(false)), ...(weightedOf(name) ?? []).map(resolved(true))];
    return { name, loss, lossWeight, metrics, slot };
  });
  const recompute = checkedRecompute(options.recompute);
  if (recompute !== undefined) partsOf(recompute, Object.values(training.outputs));
  const chosen = { optimizer, outputs, accumulation, emaMomentum, recompute, stepsPerExecution };
  checkSparse(training, chosen);
  const plan = { ...chosen, config: configOf(chosen) };
  checkFigures(plan);
  return plan;
}

const bad = (got: string, want: string, fix?: string) =>
  fail('bad-value', { what: 'compile', got, want, ...(fix !== undefined && { fix }) });

/** What was chosen, as plain JSON that compile takes again. */
function configOf({ optimizer, outputs, accumulation, emaMomentum, recompute }: Omit<Plan, 'config'>): Plan['config'] {
  const described = ({ type, config }: { readonly type: string; readonly config: unknown }) => ({ type, config });
  const metrics = (of: OutputPlan, weighted: boolean) =>
    of.metrics.filter((entry) => entry.weighted === weighted).map(({ metric }) => ({ ...described(metric), name: metric.name }));
  const byOutput = outputs.map((output) => [
    output.name,
    {
      loss: described(output.loss),
      lossWeight: output.lossWeight,
      metrics: metrics(output, false),
      weightedMetrics: metrics(output, true),
    },
  ]);
  const config = {
    optimizer: described(optimizer),
    outputs: Object.fromEntries(byOutput) as Record<string, unknown>,
    gradientAccumulationSteps: accumulation,
    ...(emaMomentum !== undefined && { emaMomentum }),
    ...(recompute !== undefined && { recompute }),
  };
  return JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
/** The name of a figure of one output among all: with several outputs, the output's comes first. */
export const figureName = ({ outputs }: Pick<Plan, 'outputs'>, output: string, figure: string): string =>
  outputs.length > 1 ? output + capital(figure) : figure;
/** The name of a figure when it is measured on validation data. */
export const validationName = (figure: string): string => `val${capital(figure)}`;

/** Which way a figure of a training is better, if anybody knows. */
export function directionOf(plan: Plan, figure: string): 'higher' | 'lower' | undefined {
  for (const { name, metrics } of plan.outputs)
    for (const { metric } of metrics) {
      const own = figureName(plan, name, metric.name);
      if (figure === own || figure === validationName(own)) return metric.better;
    }
  return /^(val)?loss$|Loss$/i.test(figure) ? 'lower' : undefined;
}

/** Figures are told apart by name alone: in logs, histories, files. */
function checkFigures(plan: Plan): void {
  const { outputs } = plan;
  const figures = ['loss', ...(outputs.length > 1 ? outputs.map(({ name }) => figureName(plan, name, 'loss')) : [])];
  for (const { name, metrics } of outputs) figures.push(...metrics.map(({ metric }) => figureName(plan, name, metric.name)));
  const all = [...figures, ...figures.map(validationName)];
  const twice = all.find((figure, i) => all.indexOf(figure) !== i);
  if (twice !== undefined)
    throw bad(
      `two figures named '${twice}'`,
      'a name of its own for each',
      "Give one of the metrics another: metrics.accuracy({ name: 'other' }).",
    );
}

const isSaved = (x: object): boolean =>
  typeof (x as { type?: unknown }).type === 'string' && Object.keys(x).every((key) => key === 'type' || key === 'config');
const isLossLike = (x: unknown): boolean =>
  typeof x === 'string' || typeof x === 'function' || (typeof x === 'object' && x !== null && ('apply' in x || isSaved(x)));

function perOutput<T>(
  option: string,
  given: T | Readonly<Record<string, T>>,
  names: readonly string[],
  single: (x: unknown) => boolean,
): (name: string) => T | undefined {
  if (single(given)) return () => given as T;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw bad(`${option} ${String(given)}`, option === 'loss' ? 'a loss, or losses by output' : 'a list, or lists by output');
  checkNames(option, Object.keys(given as object), names);
  return (name) => (Object.hasOwn(given, name) ? (given as Readonly<Record<string, T>>)[name] : undefined);
}

function checkNames(option: string, given: readonly string[], known: readonly string[]): void {
  const strange = given.find((name) => !known.includes(name));
  if (strange !== undefined)
    throw fail('unknown-name', { kind: `output (in ${option})`, name: strange, suggestion: nearest(strange, known), known });
}

/** The target of an output as a graph input. */
export const targetValue = ({ name, slot }: OutputPlan): Value => graphInput(targetFeed(name), slot.shape, slot.dtype);
