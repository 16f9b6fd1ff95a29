import { fail } from '../errors.ts';
import { constant, graphInput, inScope, type Runs, type Value } from '../graph/index.ts';
import { type DType, foldIn, randomKey, saltOf, sameShape, showShape, type Tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';
import { type Initializer, resolveInitializer } from './init/index.ts';
import type { Call, Layer, LayerOutput, Mask, Scope, Symbolic } from './layer.ts';
import { resolveRegularizer } from './regularizers/index.ts';

/** What is known about one parameter of a model. */
export interface Parameter {
  /** 'dense_1/kernel'. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly initializer: Initializer;
  /** Moved by gradients: neither a statistic nor part of a frozen layer. */
  readonly trainable: boolean;
  /** Only the rows that a step reads are updated. */
  readonly sparse: boolean;
  /** The graph input that stands for it. */
  readonly value: Value;
}

/** One graph made of an architecture. */
export interface Built {
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly parameters: readonly Parameter[];
  /** Graph inputs for random keys, and the salt of each: key = foldIn(key of the step, salt). */
  readonly keys: readonly { readonly value: Value; readonly salt: number }[];
  /** Parameter name -> its value after the step. */
  readonly updates: Readonly<Record<string, Value>>;
  /** Scalars to be added to the loss. */
  readonly penalties: readonly Value[];
}

/** How a graph is built. */
export interface BuildOptions {
  /** True for the forward part of the graph that trains, false for the one that predicts. */
  readonly training: boolean;
  /** Which nodes whoever runs the graph has kernels for; not known unless told. */
  readonly runs?: Runs | undefined;
  /** Parameters as constants, for a file that carries its numbers; graph inputs unless given. */
  readonly weights?: Readonly<Record<string, Tensor>>;
}

/** Builds the graph that predicts, or the forward part of the one that trains. */
export function buildGraph(model: Architecture, { training, runs, weights }: BuildOptions): Built {
  const parameters = new Map<string, Parameter>();
  const keys: { value: Value; salt: number }[] = [];
  const updates: Record<string, Value> = {};
  const penalties: Value[] = [];

  const scopeOf = (layerName: string, layer: Layer<LayerOutput>, masks: readonly Mask[]): Scope => ({
    training,
    runs,
    trainable: layer.trainable,
    masks,
    parameter(own, shape, { initializer, regularizer, trainable = true, sparse = false, dtype = 'float32' }) {
      const name = `${layerName}/${own}`;
      const known = parameters.get(name);
      if (known) {
        if (sameShape(known.shape, shape) && known.dtype === dtype) return updates[name] ?? known.value;
        throw fail('shape-mismatch', {
          what: own,
          got: `an input that needs ${showShape(shape)}`,
          want: `${showShape(known.shape)}, as in the first call of this shared layer`,
          fix: 'Use a second layer for inputs of another size.',
        });
      }
      const value = weights ? constant(weights[name]!, name) : graphInput(name, shape, dtype);
      parameters.set(name, {
        name,
        shape,
        dtype,
        initializer: resolveInitializer(initializer),
        trainable: trainable && layer.trainable && !layer.frozen.has(own),
        sparse,
        value,
      });
      if (regularizer !== undefined) penalties.push(resolveRegularizer(regularizer).apply(value));
      return value;
    },
    key() {
      const name = `@key/${layerName}/${keys.length}`;
      const value = graphInput(name, [2], 'uint32');
      keys.push({ value, salt: saltOf(name) });
      return value;
    },
    update: (own, value) => {
      if (!layer.frozen.has(own)) updates[`${layerName}/${own}`] = value;
    },
    penalty: (value) => penalties.push(value),
  });

  const nameOf = new Map(model.layers.map(({ name, layer }) => [layer, name]));
  const given = new Map<Symbolic, Value>();
  const made = new Map<Call, { readonly values: readonly Value[]; readonly masks: readonly Mask[] }>();
  const inputs: Record<string, Value> = {};
  for (const [name, symbolic] of Object.entries(model.inputs)) {
    inputs[name] = graphInput(name, symbolic.shape, symbolic.dtype);
    given.set(symbolic, inputs[name]!);
  }
  const valueOf = (symbolic: Symbolic): Value =>
    symbolic.call ? made.get(symbolic.call)!.values[symbolic.index]! : given.get(symbolic)!;
  const maskOf = ({ call, index }: Symbolic): Mask => call && made.get(call)!.masks[index];
  for (const call of model.calls) {
    const name = nameOf.get(call.layer)!;
    const [ins, masks] = [call.inputs.map(valueOf), call.inputs.map(maskOf)];
    made.set(
      call,
      inScope(name, () => ({
        values: call.layer.build(ins, scopeOf(name, call.layer, masks)),
        masks: call.layer.mask(ins, masks, call.outputs.length),
      })),
    );
  }
  const outputs = Object.fromEntries(Object.entries(model.outputs).map(([name, symbolic]) => [name, valueOf(symbolic)]));
  return { inputs, outputs, parameters: [...parameters.values()], keys, updates, penalties };
}

/** The numbers that parameters start with: a pure function of the seed and the parameter's name. */
export function initialWeights(parameters: readonly Parameter[], seed: number): Record<string, Tensor> {
  const key = randomKey(seed);
  return Object.fromEntries(
    parameters.map(({ name, shape, dtype, initializer }) => [name, initializer.make(shape, foldIn(key, saltOf(name)), dtype)]),
  );
}
