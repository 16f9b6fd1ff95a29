import { fail } from '../errors.ts';
import { type Graph, graphInput, substitute, toposort, type Value } from '../graph/index.ts';
import {
  architecture,
  type GraphParameter,
  input,
  type Layer,
  type LayerOptions,
  onnxGraph,
  type Symbolic,
} from '../nn/index.ts';
import {
  decodeModel,
  type ExternalFiles,
  externalDataOf,
  type ImportOptions,
  importGraph,
  type ModelProto,
} from '../onnx/index.ts';
import { files } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { type DType, isFloat, type Shape, type Tensor } from '../tensor/index.ts';
import { foldConstants } from './fold-constants.ts';
import { stopIfAborted } from './measure.ts';
import { Model } from './model.ts';
import type { ModelOptions } from './options.ts';

/** Options of {@link importModel}. */
export interface ImportModelOptions extends ImportOptions {
  /** Rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** A model of another tool, about to become layers. */
export interface ImportedModel {
  readonly name: string;
  /** What it is fed with. */
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[];
  readonly outputs: readonly string[];
  /** Everything in the file that a layer can end at, in its order. */
  readonly values: readonly string[];
  /** Numbers that training can move, and statistics that it does not. */
  readonly parameters: readonly (GraphParameter & { readonly shape: readonly number[] })[];
  /**
   * The calculation from the inputs up to a value as one layer: to its only output, to another value by the name that the file gives
   * it (where a head is cut off), or to several, and then a call gives a list.
   */
  layer(options?: { readonly outputs?: string } & LayerOptions): Layer;
  layer(options: { readonly outputs: readonly string[] } & LayerOptions): Layer<readonly Symbolic[]>;
  /** The whole as a model. */
  model(options?: ModelOptions): Model;
}

/**
 * Reads an ONNX model that any tool wrote, to train it further: take the body, put a new head on it, freeze what shall stay.
 * Initializers of floats that are no scalars become parameters under their own names (preprocessing that is written so is to be frozen by
 * name). A batch that the file fixes (to 1, mostly) becomes any. Normalisations keep their statistics, and dropout does nothing, as
 * in inference. What the file calculates from constants alone is calculated now. External data is read from the model's folder, or
 * given with the bytes as `externalData`.
 *
 * Errors: `file-not-found` (also for external data), `not-onnx` (also for external data that is not given with bytes); `unsupported-ops` with all that Stratus does not
 * know, at once; `unknown-name`, `bad-graph`, `shape-mismatch` when layers are made of it; `aborted`. Source: onnx.proto.
 *
 * @example
 * import { constant, dense, exportGraph, full, graphInput, importModel, input, model, ops } from '@stratus/core';
 * const x = graphInput('x', [1, 4]);
 * const hidden = ops.relu(ops.matMul(x, constant(full([4, 3], 0.5), 'w')));
 * const theirs = exportGraph({ name: 'theirs', inputs: [x], outputs: { hidden, y: ops.softmax(hidden) } });
 * const body = (await importModel(theirs)).layer({ outputs: 'hidden', name: 'body' });
 * const features = input({ shape: [4] });
 * const net = model({ inputs: features, outputs: dense({ units: 2 })(body(features)) });
 * console.log(net.freeze('body').summary());
 */
export async function importModel(source: string | Uint8Array, options: ImportModelOptions = {}): Promise<ImportedModel> {
  const { signal, ...reading } = options;
  stopIfAborted(signal, 'Importing');
  const bytes = typeof source === 'string' ? await files.read(source) : source;
  stopIfAborted(signal, 'Importing');
  const file = typeof source === 'string' ? source : undefined;
  const proto = decodeModel(bytes, file === undefined ? reading : { ...reading, file });
  const externalData = reading.externalData ?? (file === undefined ? {} : await filesBeside(proto, file));
  stopIfAborted(signal, 'Importing');
  const { graph, values } = importGraph(await foldConstants(proto), {
    ...reading,
    externalData,
    ...(file !== undefined && { file }),
  });
  const named = Object.fromEntries([...values].filter(([, value]) => !value.data));
  const parameters = parametersOf(Object.values(graph.outputs));
  const whole = Object.keys(graph.outputs);

  const layer = ({ outputs, ...own }: { readonly outputs?: string | readonly string[] } & LayerOptions = {}) => {
    if (outputs === undefined && whole.length > 1)
      throw fail('bad-value', {
        what: 'layer',
        got: `a model with the outputs ${whole.join(', ')}`,
        want: "one or more of them: layer({ outputs: ['a', 'b'] })",
      });
    const wanted = typeof outputs === 'object' ? outputs : [outputs ?? whole[0]!];
    const ends = wanted.map((name) => lookUp('value', { ...named, ...graph.outputs }, name));
    const several = typeof outputs === 'object';
    return onnxGraph(...closed(graph, ends, parameters), { ...own, several });
  };
  const ports = graph.inputs.map(({ name, shape, dtype }) => ({ name: name!, shape, dtype }));
  return {
    name: graph.name,
    inputs: ports,
    outputs: whole,
    values: Object.keys(named),
    parameters: [...parameters].map(([{ name, data }, trainable]) => ({ name: name!, trainable, shape: data!.shape })),
    layer: layer as ImportedModel['layer'],
    model({ name = plainName(graph.name), ...given } = {}) {
      const inputs = ports.map(({ name: own, shape, dtype }) =>
        input({ shape: shape.slice(1).map(plainSize), dtype, name: plainName(own) }),
      );
      const made = (layer({ outputs: whole, name: 'graph' }) as Layer<readonly Symbolic[]>)(inputs);
      const outputs = Object.fromEntries(made.map((value, i) => [plainName(whole[i]!), value]));
      return new Model({ architecture: architecture({ inputs, outputs, name }), ...given });
    },
  };
}

/** The files that a model names for its large tensors, which lie in its folder. */
async function filesBeside(proto: ModelProto, file: string): Promise<ExternalFiles> {
  const locations = new Set(proto.graph?.initializer?.flatMap((tensor) => externalDataOf(tensor)?.location ?? []));
  const folder = /^.*[\\/]/.exec(file)?.[0] ?? '';
  const found: Record<string, Uint8Array> = {};
  for (const location of locations) {
    if (/^([\\/]|[A-Za-z]:)|(^|[\\/])\.\.([\\/]|$)/.test(location))
      throw fail('not-onnx', { file, reason: `it names a file outside of its folder: '${location}'` });
    found[location] = await files.read(folder + location);
  }
  return found;
}

/** Names of other tools have slashes and colons in them; ours do not. */
const plainName = (name: string): string => name.replaceAll(/[^\w.-]/g, '_').replace(/^[^A-Za-z0-9_]/, '_') || 'model';
const plainSize = (size: Shape[number]): Shape[number] =>
  typeof size === 'number' ? size : size.replaceAll(/\W/g, '_').replace(/^\d/, '_$&');

/** Constants that are weights, and whether gradients move them. */
function parametersOf(outputs: readonly Value[]): ReadonlyMap<Value, boolean> {
  const found = new Map<Value, boolean>();
  for (const { ins, op } of toposort(outputs))
    for (const [i, value] of ins.entries()) {
      const { data, name } = value ?? {};
      if (!value || !data || name === undefined || !isFloat(data.dtype) || data.shape.length === 0) continue;
      found.set(value, (found.get(value) ?? true) && !op.statistics?.includes(i));
    }
  return found;
}

/** The part of a graph that ends somewhere, with its parameters as its last inputs, and their numbers. */
function closed(
  graph: Graph,
  ends: readonly Value[],
  parameters: ReadonlyMap<Value, boolean>,
): [graph: Graph, parameters: (GraphParameter & { readonly tensor: Tensor })[]] {
  const read = new Set(toposort(ends).flatMap(({ ins }) => ins));
  const inputs = graph.inputs.filter((value) => read.has(value));
  const used = [...parameters].filter(([value]) => read.has(value));
  const stands = new Map(used.map(([value]) => [value, graphInput(value.name!, value.shape, value.dtype)]));
  const outputs = Object.fromEntries(substitute(ends, stands).map((value, i) => [`@out/${i}`, value]));
  return [
    { name: graph.name, inputs: [...inputs, ...stands.values()], outputs },
    used.map(([{ name, data }, trainable]) => ({ name: name!, trainable, tensor: data! })),
  ];
}
