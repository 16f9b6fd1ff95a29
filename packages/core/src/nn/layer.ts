import { fail } from '../errors.ts';
import { graphInput, inScope, type Runs, type Value } from '../graph/index.ts';
import { type DType, type Shape, showShape } from '../tensor/index.ts';
import type { InitializerLike } from './init/index.ts';
import type { RegularizerLike } from './regularizers/index.ts';

/** What a parameter is made with. */
export interface ParameterOptions {
  readonly initializer: InitializerLike;
  readonly regularizer?: RegularizerLike | undefined;
  /** False for statistics that training updates by rule, not by gradient. */
  readonly trainable?: boolean;
  readonly dtype?: DType;
  /** True where a step of training shall update only the rows that it has read: of a table that is only looked up in, along its first axis. */
  readonly sparse?: boolean | undefined;
}

/** Which steps of a sequence are real, and which only fill up the batch. */
export type Mask = Value | undefined;

/** Everything a layer may ask for while it builds its part of a graph. It owns names, randomness and training state. */
export interface Scope {
  /** True in the graph that trains, false in the one that predicts. */
  readonly training: boolean;
  /** Which nodes there are kernels for, where it is known who will run the graph: of interest to layers that can be built in two ways. */
  readonly runs?: Runs | undefined;
  /** False when the layer is frozen: statistics are then used as they are. */
  readonly trainable: boolean;
  /** For each input, which of its steps are real: bool [batch, steps]. Undefined where all are. */
  readonly masks: readonly Mask[];
  /** A tensor that belongs to the layer. Asking twice for one name gives the same value: that is how layers are shared. */
  parameter(name: string, shape: readonly number[], options: ParameterOptions): Value;
  /** A key for random numbers, different for each layer, call and step. */
  key(): Value;
  /** The value that a parameter which is not trainable shall have after the step. The next use of the layer goes on from it. */
  update(name: string, value: Value): void;
  /** Adds a scalar to the loss. */
  penalty(value: Value): void;
}

/** A value in a model under construction: what comes out of `input` or of calling a layer. */
export interface Symbolic {
  /** With the batch axis first: ['batch', 784]. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** The call that makes it; none for inputs. */
  readonly call?: Call;
  /** Which output of the call. */
  readonly index: number;
  /** Of inputs only. */
  readonly name?: string | undefined;
}

/** One use of a layer. */
export interface Call {
  readonly layer: Layer<LayerOutput>;
  readonly inputs: readonly Symbolic[];
  /** What it gives: one value, or several. */
  readonly outputs: readonly Symbolic[];
}

/** What every layer takes besides its own options. */
export interface LayerOptions {
  /** Name in the model; unless told, the type with a number: dense, dense_1, … */
  readonly name?: string | undefined;
  /** False freezes all parameters of the layer. */
  readonly trainable?: boolean | undefined;
}

/** What a call of a layer gives: one value, or a list where a layer says so. */
export type LayerOutput = Symbolic | readonly Symbolic[];

/**
 * A layer is a function from values to values that owns parameters. Call it on the output of `input` or of another layer;
 * call it twice to share its parameters.
 */
export interface Layer<Out extends LayerOutput = Symbolic> {
  (inputs: Symbolic | readonly Symbolic[]): Out;
  /** 'Dense': the name under which it is saved. */
  readonly type: string;
  /** Plain JSON: what the layer was made with. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly givenName?: string | undefined;
  /** May be set to freeze and thaw; then compile again. */
  trainable: boolean;
  /** Names of parameters that stay as they are though the layer is trained. See `Model.freeze`. */
  readonly frozen: Set<string>;
  /** Builds the layer's part of a graph. */
  build(inputs: readonly Value[], scope: Scope): readonly Value[];
  /** Which steps of each output are real, given the same of the inputs. */
  mask(inputs: readonly Value[], masks: readonly Mask[], outputs: number): readonly Mask[];
  /** How it is written where it is an option of another layer. */
  toJSON(): { readonly layer: string; readonly config: Readonly<Record<string, unknown>>; readonly trainable?: false };
}

/** How a layer is declared: a pure function of its options, its inputs and a scope. */
export interface LayerSpec<C> {
  readonly type: string;
  /** How many inputs: 1 unless told; 'many' is two or more; else the least and the most. */
  readonly inputs?: 1 | 'many' | readonly [least: number, most: number];
  /** The layer's part of a graph. A list where the layer has several outputs. */
  build(config: C, inputs: readonly Value[], scope: Scope): Value | readonly Value[];
  /**
   * Which steps of the output are real: 'pass' takes the mask of the first input that has one, for all outputs; a function decides,
   * and gives a list where outputs after the first have a mask. None unless told, as where the layer leaves no steps.
   */
  readonly mask?: 'pass' | ((config: C, inputs: readonly Value[], masks: readonly Mask[]) => Mask | readonly Mask[]);
  /** Throws for options that cannot work, before anything is built. */
  check?(config: C): void;
}

// Shapes are found by building the layer once, in a scope whose parameters have no numbers.
const dryScope: Scope = {
  training: false,
  trainable: true,
  masks: [],
  parameter: (name, shape, { dtype = 'float32' }) => graphInput(name, shape, dtype),
  key: () => graphInput('key', [2], 'uint32'),
  update: () => undefined,
  penalty: () => undefined,
};

/** What a layer of this type is called unless told: Dense -> dense, LSTM -> lstm, RMSNormalization -> rmsNormalization. */
export const usualName = (type: string): string => type.replace(/^[A-Z]+?(?=[A-Z][a-z]|[^A-Z]|$)/, (head) => head.toLowerCase());

/**
 * Declares a layer type. The factory that comes back makes layers; put it into `load(file, { layers: { … } })` when it is your own.
 *
 * Errors of calls: `shape-mismatch`, `dtype-mismatch`, `bad-value`, naming the layer.
 *
 * @example
 * import { defineLayer, input, ops } from '@stratus/core';
 * const scale = defineLayer<{ by: number }>({ type: 'Scale', build: ({ by }, [x]) => ops.mul(x!, by) });
 * const y = scale({ by: 2 })(input({ shape: [3] }));
 * console.log(y.shape); // ['batch', 3]
 */
export function defineLayer<C extends object, Out extends LayerOutput = Symbolic>(
  spec: LayerSpec<C>,
): (config: C & LayerOptions) => Layer<Out> {
  return ({ name, trainable = true, ...own }: C & LayerOptions): Layer<Out> => {
    const config = own as unknown as C;
    const label = name ?? usualName(spec.type);
    inScope(label, () => spec.check?.(config));
    const call = (given: Symbolic | readonly Symbolic[]): LayerOutput => {
      const inputs = 'shape' in given ? [given] : given;
      countInputs(spec, label, inputs);
      const values = inputs.map(({ shape, dtype }, i) => graphInput(`in${i}`, shape, dtype));
      const built = inScope(label, () => spec.build(config, values, dryScope));
      const outputs: Symbolic[] = [];
      const use: Call = { layer, inputs, outputs };
      for (const [index, { shape, dtype }] of inScope(label, () => valuesOf(built)).entries())
        outputs.push({ shape, dtype, call: use, index });
      return isValue(built) ? outputs[0]! : outputs;
    };
    const layer = Object.assign(call, {
      type: spec.type,
      config: config as Readonly<Record<string, unknown>>,
      givenName: name,
      trainable,
      frozen: new Set<string>(),
      build: (inputs: readonly Value[], scope: Scope) => valuesOf(spec.build(config, inputs, scope)),
      mask(inputs: readonly Value[], masks: readonly Mask[], outputs: number): readonly Mask[] {
        if (spec.mask === 'pass') return Array<Mask>(outputs).fill(masks.find((mask) => mask !== undefined));
        const decided = spec.mask?.(config, inputs, masks);
        return decided === undefined || 'dtype' in decided ? [decided] : decided;
      },
      toJSON: () => ({ layer: spec.type, config, ...(!layer.trainable && { trainable: false as const }) }),
    }) as Layer<Out>;
    return layer;
  };
}

const isValue = (built: Value | readonly Value[]): built is Value => !Array.isArray(built);
/** Users write layers too, and lambdas. */
function valuesOf(built: Value | readonly Value[]): readonly Value[] {
  const list: readonly unknown[] = Array.isArray(built) ? built : [built];
  const wrong = list.find((value) => typeof value !== 'object' || value === null || !('dtype' in value));
  if (list.length > 0 && !list.includes(wrong)) return list as readonly Value[];
  const got = list.length === 0 ? 'an empty list' : wrong === undefined ? 'nothing' : String(wrong);
  throw fail('bad-value', { what: 'build', got, want: 'a value of the graph, or a list of them, to be returned' });
}

function countInputs<C>(spec: LayerSpec<C>, label: string, inputs: readonly Symbolic[]): void {
  const [least, most] = spec.inputs === 'many' ? [2, Infinity] : spec.inputs === 1 || !spec.inputs ? [1, 1] : spec.inputs;
  if (inputs.length >= least && inputs.length <= most) return;
  const range = least === most ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`;
  throw fail('bad-value', {
    what: spec.type,
    at: label,
    got: `${inputs.length} inputs`,
    want: most === 1 ? 'one: layer(x)' : `${range}: layer([a, b])`,
  });
}

/** What `input` takes. */
export interface InputOptions {
  /** Of one sample, without the batch axis: [28, 28]. */
  readonly shape: Shape;
  /** 'float32' unless told. */
  readonly dtype?: DType;
  readonly name?: string;
}

/** Where a model begins; also a marker at the head of `sequential`. */
export interface InputValue extends Symbolic {
  readonly kind: 'input';
}

/**
 * An input of a model. The batch axis is added in front.
 *
 * Shapes: `shape -> ['batch', ...shape]`. Errors: `bad-value` for sizes that are neither positive whole numbers nor names.
 * Source: Keras Input.
 *
 * @example
 * import { input } from '@stratus/core';
 * const x = input({ shape: [28, 28], dtype: 'uint8' });
 * console.log(x.shape); // ['batch', 28, 28]
 */
export function input({ shape, dtype = 'float32', name }: InputOptions): InputValue {
  const isSize = (d: unknown): boolean =>
    typeof d === 'string' ? /^[A-Za-z_]\w*$/.test(d) : Number.isSafeInteger(d) && (d as number) > 0;
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw fail('bad-value', {
      what: 'input',
      got: `shape ${Array.isArray(shape) ? showShape(shape as Shape) : String(shape)}`,
      want: "positive whole numbers, or names such as 'time' for sizes known only at run time; of one sample, without the batch axis",
    });
  return { kind: 'input', shape: ['batch', ...shape], dtype, name, index: 0 };
}
