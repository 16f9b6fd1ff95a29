import { grad } from '../grad/index.ts';
import { constant, type Graph, graphInput, inScope, type Runs, type Value } from '../graph/index.ts';
import type { Metric } from '../metrics/index.ts';
import { type Architecture, type Built, buildGraph, type Parameter } from '../nn/index.ts';
import { add, cast, expandLike, identity, mul, reduceMean, sub } from '../ops/index.ts';
import { full, type Tensor } from '../tensor/index.ts';
import type { OutputPlan, Plan } from './plan.ts';
import { figureName, targetValue } from './plan.ts';
import { partsOf } from './recompute.ts';
import { weightFeed } from './source.ts';

/** A metric's statistics among the outputs of a graph. */
export interface MetricPort {
  /** As it appears in logs. */
  readonly name: string;
  readonly metric: Metric;
  /** Statistic -> output name. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** A graph that measures: loss and metrics of a batch. */
export interface MeasuringGraph {
  readonly graph: Graph;
  readonly metrics: readonly MetricPort[];
  /** Random keys that the graph wants: input name and salt. */
  readonly keys: readonly { readonly name: string; readonly salt: number }[];
  /** Names of the losses of single outputs, when there are several. */
  readonly losses: readonly string[];
}

/** A graph that trains: it also says which outputs replace which held tensors. */
export interface TrainingGraph extends MeasuringGraph {
  readonly updates: Readonly<Record<string, string>>;
  /** True when it moves parameters, and so wants the learning rate. */
  readonly updating: boolean;
  /** Scalars that the optimizer wants for each update. */
  readonly scalars: readonly string[];
}

/** Feed and held names that are not the model's own begin with @, which no layer or input may. */
export const names = {
  learningRate: '@learning_rate',
  scalar: (name: string): string => `@scalar/${name}`,
  slot: (slot: string, parameter: string): string => `@slot/${slot}/${parameter}`,
  ema: (parameter: string): string => `@ema/${parameter}`,
  sum: (parameter: string): string => `@sum/${parameter}`,
  next: (held: string): string => `@next/${held}`,
  loss: '@loss',
  outputLoss: (output: string): string => `@loss/${output}`,
} as const;

/** The total loss and the statistics of all metrics, as outputs. */
function measure(built: Built, plan: Plan, weighted: boolean) {
  const weight = weighted ? graphInput(weightFeed, ['batch']) : undefined;
  const several = plan.outputs.length > 1;
  const outputs: Record<string, Value> = {};
  const metrics: MetricPort[] = [];
  const targets: Value[] = [];
  let total: Value | undefined;
  for (const output of plan.outputs) {
    const target = targetValue(output);
    targets.push(target);
    const prediction = built.outputs[output.name]!;
    const loss = inScope(`loss/${output.name}`, () => outputLoss(output, target, prediction, weight));
    if (several) outputs[names.outputLoss(output.name)] = loss;
    const share = output.lossWeight === 1 ? loss : mul(loss, output.lossWeight);
    total = total ? add(total, share) : share;
    for (const [i, { metric, weighted: counted }] of output.metrics.entries()) {
      const statistics = inScope(`metric/${metric.name}`, () =>
        metric.accumulate(target, prediction, counted ? weight : undefined),
      );
      const ports: Record<string, string> = {};
      for (const [key, value] of Object.entries(statistics)) outputs[(ports[key] = `@metric/${output.name}/${i}/${key}`)] = value;
      metrics.push({ name: figureName(plan, output.name, metric.name), metric, outputs: ports });
    }
  }
  const loss = built.penalties.reduce((sum, penalty) => add(sum, penalty), total!);
  outputs[names.loss] = loss;
  const inputs = [...Object.values(built.inputs), ...targets, ...(weight ? [weight] : []), ...built.keys.map((key) => key.value)];
  const keys = built.keys.map(({ value, salt }) => ({ name: value.name!, salt }));
  const losses = several ? plan.outputs.map((output) => output.name) : [];
  return { loss, outputs, metrics, inputs, keys, losses };
}

/** Mean over the batch of the per-sample losses, each times its weight (Keras' sum_over_batch_size). */
function outputLoss(output: OutputPlan, target: Value, prediction: Value, weight: Value | undefined): Value {
  const perSample = output.loss.apply(target, prediction);
  if (!weight) return reduceMean(perSample);
  return reduceMean(mul(perSample, weight.dtype === perSample.dtype ? weight : cast(weight, perSample.dtype)));
}

const parametersOf = (built: Built): Value[] => built.parameters.map((parameter) => parameter.value);

/** Inputs to outputs; with `weights` in it, or else taking them. */
export function predictGraph(model: Architecture, weights?: Readonly<Record<string, Tensor>>): Graph {
  const built = buildGraph(model, { training: false, ...(weights && { weights }) });
  const inputs = Object.values(built.inputs);
  return { name: model.name, inputs: weights ? inputs : [...inputs, ...parametersOf(built)], outputs: built.outputs };
}

/** Inputs and targets to loss and metrics. */
export function evaluateGraph(model: Architecture, plan: Plan, weighted: boolean): MeasuringGraph {
  const built = buildGraph(model, { training: false });
  const { inputs, outputs, metrics, keys, losses } = measure(built, plan, weighted);
  return {
    graph: { name: `${model.name}_evaluate`, inputs: [...inputs, ...parametersOf(built)], outputs },
    metrics,
    keys,
    losses,
  };
}

/** Forward, backward and update in one graph, for whoever has kernels for what `runs` says; with accumulation, forward and backward and the sums of gradients. */
export function trainGraph(model: Architecture, plan: Plan, weighted: boolean, runs?: Runs): TrainingGraph {
  const built = buildGraph(model, { training: true, runs });
  const { loss, outputs, metrics, inputs, keys, losses } = measure(built, plan, weighted);
  const trainable = built.parameters.filter((parameter) => parameter.trainable);
  const gradients = grad(
    loss,
    trainable.map((parameter) => parameter.value),
    undefined,
    { recompute: plan.recompute === undefined ? undefined : partsOf(plan.recompute, Object.values(built.outputs)) },
  );
  const writer = heldWriter(outputs);
  for (const [name, value] of Object.entries(built.updates)) writer.write(name, value);
  const state: Value[] = [];
  let scalars: readonly string[] = [];
  if (plan.accumulation === 1) {
    const applied = applyGradients(plan, trainable, gradients, writer.write);
    state.push(...applied.inputs);
    scalars = applied.scalars;
  } else {
    for (const [i, { name, shape, dtype }] of trainable.entries()) {
      const sum = graphInput(names.sum(name), shape, dtype);
      state.push(sum);
      writer.write(names.sum(name), add(sum, gradients[i]!));
    }
  }
  const graph = { name: `${model.name}_train`, inputs: [...inputs, ...parametersOf(built), ...state], outputs };
  return { graph, metrics, keys, losses, updates: writer.updates, updating: plan.accumulation === 1, scalars };
}

/** The second half of a step with accumulation: the mean of the sums moves the parameters, and the sums return to zero. */
export function applyGraph(model: Architecture, plan: Plan): TrainingGraph {
  const { parameters } = buildGraph(model, { training: true });
  const trainable = parameters.filter((parameter) => parameter.trainable);
  const outputs: Record<string, Value> = {};
  const writer = heldWriter(outputs);
  const sums = trainable.map(({ name, shape, dtype }) => graphInput(names.sum(name), shape, dtype));
  const means = sums.map((sum) => mul(sum, 1 / plan.accumulation));
  const applied = applyGradients(plan, trainable, means, writer.write);
  for (const [i, { name }] of trainable.entries()) writer.write(names.sum(name), expandLike(constant(full([], 0)), sums[i]!));
  const graph = { name: `${model.name}_apply`, inputs: [...trainable.map((p) => p.value), ...sums, ...applied.inputs], outputs };
  return { graph, metrics: [], keys: [], losses: [], updates: writer.updates, updating: true, scalars: applied.scalars };
}

type Write = (held: string, value: Value) => void;

function heldWriter(outputs: Record<string, Value>): { readonly updates: Record<string, string>; readonly write: Write } {
  const updates: Record<string, string> = {};
  return {
    updates,
    write(held, value) {
      const output = names.next(held);
      outputs[output] = value;
      updates[output] = held;
    },
  };
}

/** Clipping, the optimizer's rule for each parameter, and the moving average. */
function applyGradients(plan: Plan, trainable: readonly Parameter[], gradients: readonly Value[], write: Write) {
  const { optimizer, emaMomentum } = plan;
  const learningRate = graphInput(names.learningRate, []);
  const scalarNames = Object.keys(optimizer.scalars(1));
  const scalars = Object.fromEntries(scalarNames.map((name) => [name, graphInput(names.scalar(name), [])]));
  const state: Value[] = [];
  const clipped = gradients.length === 0 ? [] : inScope('clip', () => optimizer.clip(gradients));
  for (const [i, { name, shape, dtype, value }] of trainable.entries()) {
    inScope(`update/${name}`, () => {
      const slots = Object.fromEntries(
        Object.keys(optimizer.slots).map((slot) => [slot, graphInput(names.slot(slot, name), shape, dtype)]),
      );
      state.push(...Object.values(slots));
      const next = optimizer.update({
        parameter: value,
        gradient: clipped[i]!,
        slots,
        learningRate,
        scalars,
        decay: optimizer.decays(name),
      });
      write(name, identityIfInput(next.parameter));
      for (const [slot, moved] of Object.entries(next.slots)) write(names.slot(slot, name), identityIfInput(moved));
      if (emaMomentum === undefined) return;
      const average = graphInput(names.ema(name), shape, dtype);
      state.push(average);
      write(names.ema(name), add(average, mul(sub(next.parameter, average), 1 - emaMomentum))); // m a + (1 - m) w
    });
  }
  return { inputs: [learningRate, ...Object.values(scalars), ...state], scalars: scalarNames };
}

// A slot that an update leaves as it was must still be an output of a node.
const identityIfInput = (value: Value): Value => (value.node ? value : identity(value));
