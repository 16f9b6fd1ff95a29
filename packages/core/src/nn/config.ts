import { fail, StratusError } from '../errors.ts';
import { lookUp, nearest } from '../suggest.ts';
import { type DType, dtypes, type Shape } from '../tensor/index.ts';
import { type Architecture, architecture } from './architecture.ts';
import { input, type Layer, type LayerOutput, type Symbolic } from './layer.ts';
import { layers as knownLayers, type LayerFactory } from './layers.ts';

/**
 * An architecture as plain JSON, for the artifact. Values are numbered: first the inputs in order, then what the calls give, call
 * by call.
 */
export interface ArchitectureConfig {
  readonly name: string;
  readonly layers: readonly {
    readonly type: string;
    readonly name: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly trainable: boolean;
    /** Parameters that stay as they are though the layer is trained. */
    readonly frozen?: readonly string[];
  }[];
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[];
  readonly calls: readonly { readonly layer: string; readonly inputs: readonly number[] }[];
  readonly outputs: Readonly<Record<string, number>>;
}

/** Writes an architecture down. */
export function toConfig(model: Architecture): ArchitectureConfig {
  const nameOf = new Map(model.layers.map(({ name, layer }) => [layer, name]));
  /** The number of an input, and of the first value of a call. */
  const numbers = new Map<unknown, number>();
  let next = 0;
  const inputs = Object.entries(model.inputs).map(([name, value]) => {
    numbers.set(value, next++);
    return { name, shape: value.shape.slice(1), dtype: value.dtype };
  });
  const numberOf = (value: Symbolic): number => numbers.get(value.call ?? value)! + value.index;
  const calls = model.calls.map((call) => {
    const entry = { layer: nameOf.get(call.layer)!, inputs: call.inputs.map(numberOf) };
    numbers.set(call, next);
    next += call.outputs.length;
    return entry;
  });
  return {
    name: model.name,
    layers: model.layers.map(({ name, layer }) => ({
      type: layer.type,
      name,
      config: JSON.parse(JSON.stringify(layer.config)) as Record<string, unknown>,
      trainable: layer.trainable,
      ...(layer.frozen.size > 0 && { frozen: [...layer.frozen].sort() }),
    })),
    inputs,
    calls,
    outputs: Object.fromEntries(Object.entries(model.outputs).map(([name, value]) => [name, numberOf(value)])),
  };
}

/**
 * Builds an architecture from JSON, which may be anything. Own layers are given by type.
 * Errors: `unknown-name` for a layer type, `bad-graph`; those of the layers.
 */
export function fromConfig(config: unknown, own: Readonly<Record<string, LayerFactory>> = {}): Architecture {
  checkConfig(config);
  const table = { ...knownLayers, ...own };
  const layers = new Map<string, Layer<LayerOutput>>();
  for (const { type, name, config: options, trainable, frozen = [] } of config.layers) {
    const factory = Object.hasOwn(table, type) ? table[type]! : unknownLayer(type, Object.keys(table));
    const layer = ours(`the config of layer '${name}'`, () =>
      factory({ ...withLayers(options, table), name, trainable } as never),
    );
    for (const parameter of frozen) layer.frozen.add(parameter);
    layers.set(name, layer);
  }
  const inputs = Object.fromEntries(config.inputs.map(({ name, shape, dtype }) => [name, input({ shape, dtype, name })]));
  const values: Symbolic[] = Object.values(inputs);
  const valueAt = (i: number): Symbolic =>
    values[i] ?? refuse(`a saved call on value ${i}`, `one of ${values.length} values before it`);
  for (const call of config.calls) {
    const layer = layers.get(call.layer) ?? refuse(`a saved call of layer '${call.layer}'`, 'one of the saved layers');
    const from = call.inputs.map(valueAt);
    const made = ours(`a saved call of layer '${call.layer}'`, () => layer(from.length === 1 ? from[0]! : from));
    values.push(...('shape' in made ? [made] : made));
  }
  const outputs = Object.fromEntries(Object.entries(config.outputs).map(([name, i]) => [name, valueAt(i)]));
  return architecture({ inputs, outputs, name: config.name });
}

/** Options of a layer, with layers among them made of what was saved (see `toJSON` of layers). */
export const withLayers = (
  options: Readonly<Record<string, unknown>>,
  table: Readonly<Record<string, LayerFactory>>,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => {
      if (!isRecord(value) || !isText(value['layer']) || !isRecord(value['config'])) return [key, value];
      const frozen = value['trainable'] === false && { trainable: false };
      return [key, lookUp('layer', table, value['layer'])({ ...withLayers(value['config'], table), ...frozen } as never)];
    }),
  );

/** A type that is not in the table may be anybody's own. */
const unknownLayer = (name: string, known: readonly string[]): never => {
  const fix = `An own layer or lambda is given when the model is read: load(file, { layers: { '${name}': … } }).`;
  throw fail('unknown-name', { kind: 'layer', name, suggestion: nearest(name, known), known, fix });
};

const refuse = (got: string, want: string, cause?: unknown): never => {
  throw fail('bad-graph', { what: 'model', got, want, fix: 'Save the model again, with this version of Stratus.' }, cause);
};

/** What layers throw for a config of the wrong kind becomes an error of ours. */
function ours<T>(what: string, build: () => T): T {
  try {
    return build();
  } catch (e) {
    if (StratusError.is(e)) throw e;
    return refuse(what, `what the layer was saved with (${(e as Error).message})`, e);
  }
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x);
/** Names and types; no name is longer, and looking for similar ones takes time. */
const isText = (x: unknown): x is string => typeof x === 'string' && x.length <= 1000;
const all = (x: unknown, test: (entry: Readonly<Record<string, unknown>>) => boolean): boolean =>
  Array.isArray(x) && x.every((entry) => isRecord(entry) && test(entry));
const isPosition = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 0;
const unique = (names: readonly unknown[]): boolean => new Set(names).size === names.length;

function checkConfig(config: unknown): asserts config is ArchitectureConfig {
  if (!isRecord(config)) return refuse(`an architecture that is ${config === null ? 'null' : typeof config}`, 'a saved one');
  const { name, layers, inputs, calls, outputs } = config;
  const checks: Readonly<Record<string, boolean>> = {
    name: isText(name),
    layers: all(
      layers,
      (l) =>
        isText(l['type']) &&
        isText(l['name']) &&
        isRecord(l['config']) &&
        typeof l['trainable'] === 'boolean' &&
        (l['frozen'] === undefined || (Array.isArray(l['frozen']) && l['frozen'].every(isText))),
    ),
    inputs: all(
      inputs,
      (i) =>
        isText(i['name']) &&
        Array.isArray(i['shape']) &&
        i['shape'].every((d) => isText(d) || typeof d === 'number') &&
        isText(i['dtype']) &&
        Object.hasOwn(dtypes, i['dtype']),
    ),
    calls: all(
      calls,
      (c) => isText(c['layer']) && Array.isArray(c['inputs']) && c['inputs'].length > 0 && c['inputs'].every(isPosition),
    ),
    outputs: isRecord(outputs) && Object.values(outputs).every(isPosition),
  };
  const wrong = Object.keys(checks).find((part) => !checks[part]);
  if (wrong !== undefined) refuse(`an architecture with damaged ${wrong}`, 'a saved one');
  const { layers: saved, inputs: fed } = config as unknown as ArchitectureConfig;
  if (!unique(saved.map((layer) => layer.name)) || !unique(fed.map((i) => i.name)))
    refuse('two layers or inputs of one name', 'a name of its own for each');
}
