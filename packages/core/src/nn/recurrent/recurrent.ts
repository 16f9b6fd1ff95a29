// What simpleRNN, lstm and gru have in common: options, parameters, states, masks, dropout, and the way over the steps. What each
// of them calculates at one step is its Cell.
import { fail } from '../../errors.ts';
import { constant, type Value } from '../../graph/index.ts';
import {
  add,
  cast,
  concat,
  dimsOf,
  dropoutMask,
  expandOp,
  gather,
  matMul,
  mul,
  not,
  reshape,
  scan,
  split,
  squeeze,
  transpose,
  unsqueeze,
} from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { type Dim, full, showShape, tensor, zeros } from '../../tensor/index.ts';
import { type ActivationName, checkActivation } from '../activations.ts';
import { drop } from '../basic/drop.ts';
import { linear } from '../basic/linear.ts';
import type { InitializerLike } from '../init/index.ts';
import { defineLayer, type Layer, type LayerOptions, type LayerOutput, type Mask, type Scope, type Symbolic } from '../layer.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import { sequenceOf } from '../sequence-input.ts';
import { batchFirst, reverseSteps, stepsFirst } from './steps.ts';

/** Options of all recurrent layers. */
export interface RecurrentOptions {
  /** Size of the state, and of the output. */
  readonly units: number;
  /** Of the candidate and of the result; 'tanh' unless told. */
  readonly activation?: ActivationName;
  readonly useBias?: boolean;
  /** 'glorotUniform' unless told. */
  readonly kernelInitializer?: InitializerLike;
  /** 'orthogonal' unless told. */
  readonly recurrentInitializer?: InitializerLike;
  /** 'zeros' unless told. */
  readonly biasInitializer?: InitializerLike;
  readonly kernelRegularizer?: RegularizerLike;
  readonly recurrentRegularizer?: RegularizerLike;
  readonly biasRegularizer?: RegularizerLike;
  /** Share of the input's features that training sets to zero; the same ones at all steps. 0 unless told. */
  readonly dropout?: number;
  /**
   * Share of the state's units that training hides from the product with the recurrent kernel; the same ones at all steps
   * (Gal and Ghahramani 2016). 0 unless told.
   */
  readonly recurrentDropout?: number;
  /** True: the output of every step; false, the default: that of the last. */
  readonly returnSequences?: boolean;
  /** True: the call gives a list, the output and then the last state (h; for LSTM h and c). */
  readonly returnState?: boolean;
  /** True: from the last step to the first; sequences come out in that order. */
  readonly goBackwards?: boolean;
  /**
   * True: a batch of training begins with the state in which the one before ended. Needs `batchSize`, batches of just
   * that size, and `shuffle: false` in fit. The state is part of the weights (`<layer>/stateH`): predictions begin
   * with it too but do not move it, and `resetStates(model)` sets it to zero.
   */
  readonly stateful?: boolean;
  /** Rows of every batch, of stateful layers only. */
  readonly batchSize?: number;
}

/** The tensors of a layer. */
interface Weights {
  /** [features, gates * units]. */
  readonly kernel: Value;
  /** [units, gates * units]. */
  readonly recurrent: Value;
  readonly bias: Value | undefined;
}

/** One step, and the weights of what is calculated around it. */
interface Steps {
  /** `z = x kernel + bias`. */
  readonly kernel: Value;
  readonly bias: Value | undefined;
  /** Where z shall have the product of the state h with it added: what most formulas begin with. */
  readonly recurrent?: Value;
  /** The next states. `hidden`: the state h as the product with the recurrent kernel shall see it. */
  step(z: Value, states: readonly Value[], hidden: Value): readonly Value[];
}

/** One recurrent layer's formula. */
export interface Cell<C> {
  readonly type: string;
  /** How many times `units` wide the kernels are. */
  readonly gates: number;
  /** The first is also the output. */
  readonly states: readonly ('h' | 'c')[];
  biasShape(config: C): readonly number[];
  biasInitializer?(config: C): InitializerLike;
  /** The weights as the steps want them, made once for all steps. */
  open(config: C, weights: Weights): Steps;
  /** All steps in an op that can be trained, or undefined where there is none for such a configuration. */
  trained?(config: C): Trained | undefined;
  /** ONNX's kernel for all steps, or undefined where it cannot say the same. */
  fused(config: C): Fused | undefined;
}

/** Takes the steps first, and gives all of them, and the last states. */
type Trained = (
  x: Value,
  weights: Weights,
  begin: readonly Value[],
  reverse: boolean,
) => { readonly y: Value; readonly states: readonly Value[] };

/** One of ONNX's kernels for all steps. */
interface Fused {
  /** For each of its gates, which of ours it is. */
  readonly order: readonly number[];
  run(x: Value, w: Value, r: Value, options: FusedOptions): { readonly y: Value; readonly states: readonly Value[] };
}
interface FusedOptions {
  readonly b: Value | undefined;
  readonly initialH: Value | undefined;
  readonly initialC: Value | undefined;
  readonly direction: 'forward' | 'reverse';
}

/** The activations that ONNX's kernels know by name. */
const kernelActivations: Partial<Record<ActivationName, string>> = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  softplus: 'Softplus',
  softsign: 'Softsign',
  tanh: 'Tanh',
};

/** The kernels' names of activations, or undefined if they lack one. */
export function kernelNames(...names: readonly ActivationName[]): string[] | undefined {
  const known = names.map((name) => kernelActivations[name]);
  return known.includes(undefined) ? undefined : (known as string[]);
}

/** The gates along the last axis in another order: part i of the result is part `order[i]` of `x`. */
function reorderGates(x: Value, order: readonly number[]): Value {
  if (order.every((from, to) => from === to)) return x;
  const units = (x.shape.at(-1) as number) / order.length;
  const parts = split(
    x,
    order.map(() => units),
    { axis: -1 },
  );
  return concat(
    order.map((from) => parts[from]!),
    { axis: -1 },
  );
}

/** What comes out with `returnState`: the result, and each of the states. */
type WithState = readonly [y: Symbolic, h: Symbolic];

/** A recurrent layer: one output, or several where `returnState` is true. */
export interface RecurrentFactory<C extends RecurrentOptions, Out extends readonly Symbolic[] = WithState> {
  (options: C & LayerOptions & { readonly returnState: true }): Layer<Out>;
  (options: C & LayerOptions): Layer;
}

const remakers = new WeakMap<Layer<LayerOutput>, (changes: Partial<RecurrentOptions>) => Layer<LayerOutput>>();

/** A new layer like this one with some options changed; undefined unless it is one of the recurrent layers. */
export const remade = (layer: Layer<LayerOutput>, changes: Partial<RecurrentOptions>): Layer<LayerOutput> | undefined =>
  remakers.get(layer)?.(changes);

/** Makes a layer type of a cell. */
export function defineRecurrent<C extends RecurrentOptions, Out extends readonly Symbolic[] = WithState>(
  cell: Cell<C>,
  check?: (config: C) => void,
): RecurrentFactory<C, Out> {
  const make = defineLayer<C, LayerOutput>({
    type: cell.type,
    inputs: [1, 1 + cell.states.length],
    check(config) {
      checkRecurrent(cell.type, config);
      check?.(config);
    },
    build: (config, inputs, scope) => run(cell, config, inputs, scope),
    mask: ({ returnSequences = false, goBackwards = false }, _, [mask]) =>
      mask && returnSequences ? (goBackwards ? reverseSteps(mask) : mask) : undefined,
  });
  const factory = (options: C & LayerOptions): Layer<LayerOutput> => {
    const layer = make(options);
    remakers.set(layer, (changes) => factory({ ...options, ...changes }));
    return layer;
  };
  return factory as unknown as RecurrentFactory<C, Out>;
}

function checkRecurrent(what: string, config: RecurrentOptions): void {
  const { units, dropout = 0, recurrentDropout = 0, useBias = true, returnSequences = false, returnState = false } = config;
  const { goBackwards = false, stateful = false, batchSize } = config;
  checkOptions(what, { units, dropout, recurrentDropout }, { units: 'count', dropout: 'fraction', recurrentDropout: 'fraction' });
  checkOptions(
    what,
    { useBias, returnSequences, returnState, goBackwards, stateful },
    { useBias: 'flag', returnSequences: 'flag', returnState: 'flag', goBackwards: 'flag', stateful: 'flag' },
  );
  checkActivation(config.activation);
  if (stateful) checkOptions(what, { batchSize }, { batchSize: 'count' });
  else if (batchSize !== undefined)
    throw fail('bad-value', { what, got: 'batchSize without stateful', want: 'it in stateful layers only' });
}

function run<C extends RecurrentOptions>(
  cell: Cell<C>,
  config: C,
  [given, ...initial]: readonly Value[],
  scope: Scope,
): Value | readonly Value[] {
  const { units, returnSequences = false, returnState = false, goBackwards = false, stateful = false } = config;
  const { width, steps } = sequenceOf(cell.type, given!);
  if (steps === 0)
    throw fail('shape-mismatch', { what: cell.type, got: `input ${showShape(given!.shape)}`, want: 'at least one step' });
  const sequence = stateful ? reshape(given!, [config.batchSize!, steps, width]) : given!;
  const batch = sequence.shape[0]!;
  checkStates(cell, config, initial, batch);
  const weights = weightsOf(cell, config, width, scope);
  const held = stateful
    ? cell.states.map((name) =>
        scope.parameter(`state${name.toUpperCase()}`, [config.batchSize!, units], { initializer: 'zeros', trainable: false }),
      )
    : [];
  const x = stepsFirst(sequence);
  const fed = given!.node === undefined;
  const begin = firstStates(initial.length > 0 ? initial : held, cell.states.length, [batch, units], x);
  const fused = scope.training || scope.masks[0] ? undefined : cell.fused(config);
  const { y, states } = fused
    ? inOneKernel(fused, x, weights, begin, goBackwards)
    : loop(cell, config, x, { weights, begin, batch, mask: scope.masks[0], fed, scope });
  if (stateful) cell.states.forEach((name, i) => scope.update(`state${name.toUpperCase()}`, states[i]!));

  const out = returnSequences ? (goBackwards ? reverseSteps(batchFirst(y)) : batchFirst(y)) : states[0]!;
  return returnState ? [out, ...states] : out;
}

function checkStates<C extends RecurrentOptions>(
  { type, states }: Cell<C>,
  { units }: C,
  initial: readonly Value[],
  batch: Dim,
): void {
  if (initial.length !== 0 && initial.length !== states.length)
    throw fail('bad-value', {
      what: type,
      got: `${initial.length} initial states`,
      want: `none, or ${states.length}: layer([x, ${states.join(', ')}])`,
    });
  const wrong = initial.find(({ shape }) => shape.length !== 2 || shape[1] !== units);
  if (wrong)
    throw fail('shape-mismatch', {
      what: type,
      got: `an initial state ${showShape(wrong.shape)}`,
      want: showShape([batch, units]),
    });
}

function weightsOf<C extends RecurrentOptions>(cell: Cell<C>, config: C, width: number, scope: Scope): Weights {
  const { units, useBias = true, kernelInitializer = 'glorotUniform', recurrentInitializer = 'orthogonal' } = config;
  const columns = cell.gates * units;
  return {
    kernel: scope.parameter('kernel', [width, columns], {
      initializer: kernelInitializer,
      regularizer: config.kernelRegularizer,
    }),
    recurrent: scope.parameter('recurrentKernel', [units, columns], {
      initializer: recurrentInitializer,
      regularizer: config.recurrentRegularizer,
    }),
    bias: useBias
      ? scope.parameter('bias', cell.biasShape(config), {
          initializer: cell.biasInitializer?.(config) ?? config.biasInitializer ?? 'zeros',
          regularizer: config.biasRegularizer,
        })
      : undefined,
  };
}

/** All steps by ONNX's kernel. Its weights are ours in another order; where ours are constants, ONNX Runtime does that once. */
function inOneKernel(
  { order, run: kernel }: Fused,
  x: Value,
  { kernel: w, recurrent, bias }: Weights,
  begin: readonly Value[] | undefined,
  goBackwards: boolean,
): { y: Value; states: readonly Value[] } {
  const asKernel = (weight: Value): Value => unsqueeze(transpose(reorderGates(weight, order)), { axes: [0] });
  const [initialH, initialC] = (begin ?? []).map((state) => unsqueeze(state, { axes: [0] }));
  const { y, states } = kernel(x, asKernel(w), asKernel(recurrent), {
    b: bias && kernelBias(bias, order),
    initialH,
    initialC,
    direction: goBackwards ? 'reverse' : 'forward',
  });
  return { y: squeeze(y, { axes: [1] }), states: states.map((state) => squeeze(state, { axes: [0] })) };
}

/** ONNX has a bias of the input and one of the state, one after the other. */
function kernelBias(bias: Value, order: readonly number[]): Value {
  const given = reorderGates(bias, order);
  const columns = bias.shape.at(-1) as number;
  const both = bias.shape.length === 2 ? given : concat([given, constant(zeros([columns]))]);
  return reshape(both, [1, 2 * columns]);
}

interface Way {
  readonly weights: Weights;
  readonly begin: readonly Value[] | undefined;
  readonly batch: Dim;
  readonly mask: Mask;
  /** The sequence is an input of the model, and so has no gradient. */
  readonly fed: boolean;
  readonly scope: Scope;
}

/** Step by step: for training, for masks, and for what the fused kernels do not know. */
function loop<C extends RecurrentOptions>(
  cell: Cell<C>,
  config: C,
  x: Value,
  { weights, begin, batch, mask, fed, scope }: Way,
): { y: Value; states: readonly Value[] } {
  const { units, dropout = 0, recurrentDropout = 0, goBackwards = false, returnSequences = false } = config;
  const seen = drop(x, dropout, scope, [batch, x.shape[2]!]);
  const begun = begin ?? cell.states.map(() => filled([batch, units], x));
  const trained = mask || (scope.training && recurrentDropout > 0) ? undefined : cell.trained?.(config);
  const whole = trained?.(seen, weights, begun, goBackwards);
  if (whole && (!scope.runs || scope.runs(whole.y.node!))) return whole;
  const shown =
    scope.training && recurrentDropout > 0
      ? dropoutMask([batch, units], scope.key(), { rate: recurrentDropout, like: x, dtype: x.dtype })
      : undefined;
  const { step, sums, read } = projected(cell.open(config, weights), seen, !fed && units >= 96);
  const real = mask && unsqueeze(transpose(mask), { axes: [2] });
  const { states, outputs } = scan({
    states: begun,
    inputs: real ? [read, cast(real, x.dtype), cast(not(real), x.dtype)] : [read],
    reverse: goBackwards,
    body(before, [now, isReal, isPadding]) {
      const hidden = shown ? mul(before[0]!, shown) : before[0]!;
      const next = step(sums(now!, hidden), before, hidden);
      // A padded step keeps the state: by products, as Where is slow.
      const states = isReal ? next.map((state, i) => add(mul(isReal, state), mul(isPadding!, before[i]!))) : next;
      return { states, outputs: returnSequences ? [states[0]!] : [] };
    },
  });
  // Without a kernel that op becomes a loop as well, whose gradient, written for the kernel, takes up to a quarter longer than this loop's own. Where
  // loops are unrolled, it is the shorter one.
  if (whole && !scope.runs!(states[0]!.node!)) return whole;
  return { y: outputs[0] ?? states[0]!, states };
}

/**
 * What the loop reads step by step, and how it comes to z from that. Either z is calculated for all steps in one product before the
 * loop, or x is read, and input and state go through one product together: that spares two passes over all z and their gradient. It
 * takes 0.85 of the time with 100 units and a batch of 128, the same with fewer units. Where x is fed, its gradient, which the other
 * way leaves out, would be calculated for nothing.
 */
function projected({ kernel, bias, recurrent, step }: Steps, x: Value, together: boolean) {
  const plus = (product: Value): Value => (bias ? add(product, bias) : product);
  if (recurrent && together) {
    const joined = concat([kernel, recurrent], { axis: 0 });
    return { step, read: x, sums: (now: Value, hidden: Value) => plus(matMul(concat([now, hidden], { axis: 1 }), joined)) };
  }
  const sums = (now: Value, hidden: Value): Value => (recurrent ? add(matMul(hidden, recurrent), now) : now);
  return { step, read: linear(x, kernel, bias), sums };
}

/** `value`, or 0, in a shape made of sizes of `like`. */
const filled = (shape: readonly Dim[], like: Value, value: Value = constant(full([], 0, like.dtype))): Value =>
  expandOp({ input: value, shape: dimsOf(shape, like) }).output;

/**
 * The states to begin with; undefined for zeros. Where the number of steps is known only at run time, they are made so that a batch
 * without steps is an error, as its first step is looked up: ONNX Runtime's GRU would end the process.
 */
function firstStates(given: readonly Value[], count: number, shape: readonly Dim[], x: Value): readonly Value[] | undefined {
  const [steps] = x.shape as [Dim];
  if (typeof steps === 'number') return given.length > 0 ? given : undefined;
  const zero = gather(filled([steps], x), constant(tensor(0, { dtype: 'int64' })));
  if (given.length === 0) return Array.from({ length: count }, () => filled(shape, x, zero));
  return given.with(0, add(given[0]!, zero));
}
