import { grad } from '../grad/index.ts';
import { constant, type Graph, graphInput, inScope, type Runs, type Value } from '../graph/index.ts';
import type { Metric } from '../metrics/index.ts';
import { type Architecture, type Built, buildGraph, type Parameter } from '../nn/index.ts';
import { add, cast, expandLike, gather, identity, mul, reduceMean, sub } from '../ops/index.ts';
import type { RowUpdate } from '../runtime/index.ts';
import { full, type Tensor } from '../tensor/index.ts';
import type { OutputPlan, Plan } from './plan.ts';
import { figureName, targetValue } from './plan.ts';
import { partsOf } from './recompute.ts';
import { weightFeed } from './source.ts';
import { lookedUp, readRows, sparseTables } from './sparse-rows.ts';

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
  /** Held tensors of which only some rows are written, and the outputs with these. Undefined where there are none. */
  readonly rowUpdates: Readonly<Record<string, RowUpdate>> | undefined;
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
  rows: (parameter: string): string => `@rows/${parameter}`,
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
  const gradients = gradientsOf(loss, built, plan);
  const writer = heldWriter(outputs);
  for (const [name, value] of Object.entries(built.updates)) writer.write(name, value);
  const state: Value[] = [];
  let scalars: readonly string[] = [];
  if (plan.accumulation === 1) {
    const applied = applyGradients(plan, trainable, gradients, writer);
    state.push(...applied.inputs);
    scalars = applied.scalars;
  } else {
    for (const [i, { name, shape, dtype }] of trainable.entries()) {
      const sum = graphInput(names.sum(name), shape, dtype);
      state.push(sum);
      writer.write(names.sum(name), add(sum, gradients[i]!.gradient));
    }
  }
  const graph = { name: `${model.name}_train`, inputs: [...inputs, ...parametersOf(built), ...state], outputs };
  const { updates } = writer;
  const rowUpdates = Object.keys(writer.rowUpdates).length > 0 ? writer.rowUpdates : undefined;
  return { graph, metrics, keys, losses, updates, rowUpdates, updating: plan.accumulation === 1, scalars };
}

/** What moves a parameter: the gradient of all of it, or of the rows that were read. */
interface Move {
  readonly gradient: Value;
  readonly rows?: Value;
}

/** For each trainable parameter, in their order. */
function gradientsOf(loss: Value, built: Built, { recompute }: Plan): Move[] {
  const trainable = built.parameters.filter((parameter) => parameter.trainable);
  const tables = sparseTables(built);
  const dense = trainable.filter((parameter) => !tables.some((table) => table.parameter === parameter));
  const wanted = [...dense.map(({ value }) => value), ...tables.flatMap(lookedUp)];
  const parts = recompute === undefined ? undefined : partsOf(recompute, Object.values(built.outputs));
  const gradients = grad(loss, wanted, undefined, { recompute: parts });
  const gradientOf = new Map(wanted.map((value, i) => [value, gradients[i]!]));
  return trainable.map((parameter) => {
    const index = tables.findIndex((table) => table.parameter === parameter);
    if (index < 0) return { gradient: gradientOf.get(parameter.value)! };
    const table = tables[index]!;
    const ofLookUps = lookedUp(table).map((value) => gradientOf.get(value)!);
    return inScope(`update/${parameter.name}`, () => readRows(table, ofLookUps, index));
  });
}

/** The second half of a step with accumulation: the mean of the sums moves the parameters, and the sums return to zero. */
export function applyGraph(model: Architecture, plan: Plan): TrainingGraph {
  const { parameters } = buildGraph(model, { training: true });
  const trainable = parameters.filter((parameter) => parameter.trainable);
  const outputs: Record<string, Value> = {};
  const writer = heldWriter(outputs);
  const sums = trainable.map(({ name, shape, dtype }) => graphInput(names.sum(name), shape, dtype));
  const means = sums.map((sum) => mul(sum, 1 / plan.accumulation));
  const moves = means.map((gradient) => ({ gradient }));
  const applied = applyGradients(plan, trainable, moves, writer);
  for (const [i, { name }] of trainable.entries()) writer.write(names.sum(name), expandLike(constant(full([], 0)), sums[i]!));
  const graph = { name: `${model.name}_apply`, inputs: [...trainable.map((p) => p.value), ...sums, ...applied.inputs], outputs };
  const { updates } = writer;
  const common = { metrics: [], keys: [], losses: [], updating: true } as const;
  return { graph, ...common, updates, rowUpdates: undefined, scalars: applied.scalars };
}

/** Notes what becomes of held tensors. */
interface HeldWriter {
  readonly updates: Record<string, string>;
  readonly rowUpdates: Record<string, RowUpdate>;
  write(held: string, value: Value): void;
  writeRows(held: string, value: Value, rows: readonly [name: string, positions: Value]): void;
}

function heldWriter(outputs: Record<string, Value>): HeldWriter {
  const updates: Record<string, string> = {};
  const rowUpdates: Record<string, RowUpdate> = {};
  return {
    updates,
    rowUpdates,
    writeRows(held, value, [rows, positions]) {
      const values = names.next(held);
      outputs[rows] = positions;
      outputs[values] = value;
      rowUpdates[held] = { rows, values };
    },
    write(held, value) {
      const output = names.next(held);
      outputs[output] = value;
      updates[output] = held;
    },
  };
}

/** Clipping, the optimizer's rule for each parameter (or the rows of it that were read), and the moving average. */
function applyGradients(plan: Plan, trainable: readonly Parameter[], moves: readonly Move[], writer: HeldWriter) {
  const { optimizer, emaMomentum } = plan;
  const learningRate = graphInput(names.learningRate, []);
  const scalarNames = Object.keys(optimizer.scalars(1));
  const scalars = Object.fromEntries(scalarNames.map((name) => [name, graphInput(names.scalar(name), [])]));
  const state: Value[] = [];
  const gradients = moves.map(({ gradient }) => gradient);
  const clipped = gradients.length === 0 ? [] : inScope('clip', () => optimizer.clip(gradients));
  for (const [i, { name, shape, dtype, value }] of trainable.entries()) {
    inScope(`update/${name}`, () => {
      const { rows } = moves[i]!;
      const read = (whole: Value): Value => (rows ? gather(whole, rows) : whole);
      const write = (held: string, next: Value): void =>
        rows
          ? writer.writeRows(held, identityIfInput(next), [names.rows(name), rows])
          : writer.write(held, identityIfInput(next));
      const slots = Object.fromEntries(
        Object.keys(optimizer.slots).map((slot) => [slot, graphInput(names.slot(slot, name), shape, dtype)]),
      );
      state.push(...Object.values(slots));
      const next = optimizer.update({
        parameter: read(value),
        gradient: clipped[i]!,
        slots: Object.fromEntries(Object.entries(slots).map(([slot, whole]) => [slot, read(whole)])),
        learningRate,
        scalars,
        decay: optimizer.decays(name),
      });
      write(name, next.parameter);
      for (const [slot, moved] of Object.entries(next.slots)) write(names.slot(slot, name), moved);
      if (emaMomentum === undefined) return;
      const average = graphInput(names.ema(name), shape, dtype);
      state.push(average);
      writer.write(names.ema(name), add(average, mul(sub(next.parameter, average), 1 - emaMomentum))); // m a + (1 - m) w
    });
  }
  return { inputs: [learningRate, ...Object.values(scalars), ...state], scalars: scalarNames };
}

// A slot that an update leaves as it was must still be an output of a node.
const identityIfInput = (value: Value): Value => (value.node ? value : identity(value));
