import { fail } from '../errors.ts';
import { graphInput, type Value } from '../graph/index.ts';
import { resolveLoss, type Loss, type LossLike } from '../losses/index.ts';
import { resolveMetric, type Metric, type MetricLike } from '../metrics/index.ts';
import type { Built } from '../nn/index.ts';
import { resolveOptimizer, type Optimizer, type OptimizerName } from '../optim/index.ts';
import { nearest } from '../suggest.ts';
import { targetFeed } from './source.ts';
import type { Slot } from './values.ts';

/** What `compile` takes. */
export interface CompileOptions {
  /** A name with its defaults ('adam'), or an optimizer: `adam({ learningRate: 3e-4 })`. */
  readonly optimizer: OptimizerName | Optimizer;
  /** A name, a loss, or a function of graph values; by output for several outputs. */
  readonly loss: LossLike | Readonly<Record<string, LossLike>>;
  /** Names or metrics; by output for several outputs. */
  readonly metrics?: readonly MetricLike[] | Readonly<Record<string, readonly MetricLike[]>>;
  /** How much each output's loss counts; 1 unless told. */
  readonly lossWeights?: Readonly<Record<string, number>>;
  /** Gradients of so many batches are averaged before one update. */
  readonly gradientAccumulationSteps?: number;
  /** Keeps an exponential moving average of the weights with this momentum, such as 0.999. */
  readonly emaMomentum?: number;
}

/** What is asked of one output. */
export interface OutputPlan {
  readonly name: string;
  readonly loss: Loss;
  readonly lossWeight: number;
  readonly metrics: readonly Metric[];
  readonly slot: Slot;
}

/** Options of compile, resolved against the outputs of a model. */
export interface Plan {
  readonly optimizer: Optimizer;
  readonly outputs: readonly OutputPlan[];
  readonly accumulation: number;
  readonly emaMomentum: number | undefined;
  /** As given, as far as it is plain JSON: for the artifact. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Resolves names and checks them against the model. Errors: `unknown-name`, `bad-value`. */
export function plan(options: CompileOptions, built: Built): Plan {
  const names = Object.keys(built.outputs);
  const accumulation = options.gradientAccumulationSteps ?? 1;
  if (!Number.isInteger(accumulation) || accumulation < 1)
    throw fail('bad-value', { what: 'compile', got: `gradientAccumulationSteps ${accumulation}`, want: 'a positive whole number' });
  const { emaMomentum } = options;
  if (emaMomentum !== undefined && !(emaMomentum > 0 && emaMomentum < 1))
    throw fail('bad-value', { what: 'compile', got: `emaMomentum ${emaMomentum}`, want: 'a number between 0 and 1, such as 0.999' });
  const optimizer = resolveOptimizer(options.optimizer);
  const lossOf = perOutput<LossLike>('loss', options.loss, names, isLossLike);
  const metricsOf = perOutput<readonly MetricLike[]>('metrics', options.metrics ?? [], names, Array.isArray);
  checkNames('lossWeights', Object.keys(options.lossWeights ?? {}), names);
  const outputs = names.map((name): OutputPlan => {
    const given = lossOf(name);
    if (given === undefined) throw fail('bad-value', { what: 'compile', got: `no loss for the output '${name}'`, want: 'a loss for each output' });
    const loss = resolveLoss(given);
    const prediction = built.outputs[name]!;
    const slot: Slot = { name, role: 'target', ...loss.target(prediction), classes: loss.classes?.(prediction) };
    return { name, loss, lossWeight: options.lossWeights?.[name] ?? 1, metrics: (metricsOf(name) ?? []).map((metric) => resolveMetric(metric)), slot };
  });
  const described = (thing: { type: string; config: unknown }) => ({ type: thing.type, config: thing.config });
  const config = {
    optimizer: described(optimizer),
    outputs: Object.fromEntries(outputs.map((o) => [o.name, { loss: described(o.loss), lossWeight: o.lossWeight, metrics: o.metrics.map(described) }])),
    gradientAccumulationSteps: accumulation,
    ...(emaMomentum !== undefined && { emaMomentum }),
  };
  return { optimizer, outputs, accumulation, emaMomentum, config: JSON.parse(JSON.stringify(config)) as Record<string, unknown> };
}

const isLossLike = (x: unknown): boolean => typeof x === 'string' || typeof x === 'function' || (typeof x === 'object' && x !== null && 'apply' in x);

function perOutput<T>(option: string, given: T | Readonly<Record<string, T>>, names: readonly string[], single: (x: unknown) => boolean): (name: string) => T | undefined {
  if (single(given)) return () => given as T;
  checkNames(option, Object.keys(given as object), names);
  return (name) => (given as Readonly<Record<string, T>>)[name];
}

function checkNames(option: string, given: readonly string[], known: readonly string[]): void {
  const strange = given.find((name) => !known.includes(name));
  if (strange !== undefined) throw fail('unknown-name', { kind: `output (in ${option})`, name: strange, suggestion: nearest(strange, known), known });
}

/** The target of an output as a graph input. */
export const targetValue = ({ name, slot }: OutputPlan): Value => graphInput(targetFeed(name), slot.shape, slot.dtype);
