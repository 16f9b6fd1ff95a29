import { fail } from '../errors.ts';
import { lookUp } from '../suggest.ts';
import type { DType, Shape } from '../tensor/index.ts';
import { type Architecture, architecture } from './architecture.ts';
import { input, type Layer, type Symbolic } from './layer.ts';
import { layers as knownLayers, type LayerFactory } from './layers.ts';

/**
 * An architecture as plain JSON, for the artifact. Values are numbered: first the inputs in order, then one for each call.
 */
export interface ArchitectureConfig {
  readonly name: string;
  readonly layers: readonly {
    readonly type: string;
    readonly name: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly trainable: boolean;
  }[];
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[];
  readonly calls: readonly { readonly layer: string; readonly inputs: readonly number[] }[];
  readonly outputs: Readonly<Record<string, number>>;
}

/** Writes an architecture down. */
export function toConfig(model: Architecture): ArchitectureConfig {
  const nameOf = new Map(model.layers.map(({ name, layer }) => [layer, name]));
  const numbers = new Map<unknown, number>();
  const inputs = Object.entries(model.inputs).map(([name, value]) => {
    numbers.set(value, numbers.size);
    return { name, shape: value.shape.slice(1), dtype: value.dtype };
  });
  const numberOf = (value: Symbolic): number => numbers.get(value.call ?? value)!;
  const calls = model.calls.map((call) => {
    const entry = { layer: nameOf.get(call.layer)!, inputs: call.inputs.map(numberOf) };
    numbers.set(call, numbers.size);
    return entry;
  });
  return {
    name: model.name,
    layers: model.layers.map(({ name, layer }) => ({
      type: layer.type,
      name,
      config: JSON.parse(JSON.stringify(layer.config)) as Record<string, unknown>,
      trainable: layer.trainable,
    })),
    inputs,
    calls,
    outputs: Object.fromEntries(Object.entries(model.outputs).map(([name, value]) => [name, numberOf(value)])),
  };
}

/** Builds an architecture from JSON. Own layers are given by type. Errors: `unknown-name`, `bad-graph`. */
export function fromConfig(config: ArchitectureConfig, own: Readonly<Record<string, LayerFactory>> = {}): Architecture {
  const table = { ...knownLayers, ...own };
  const layers = new Map<string, Layer>(
    config.layers.map(({ type, name, config: options, trainable }) => [
      name,
      lookUp('layer', table, type)({ ...options, name, trainable } as never),
    ]),
  );
  const inputs = Object.fromEntries(config.inputs.map(({ name, shape, dtype }) => [name, input({ shape, dtype, name })]));
  const values: Symbolic[] = Object.values(inputs);
  const valueAt = (i: number): Symbolic => {
    const value = values[i];
    if (!value)
      throw fail('bad-graph', {
        what: 'model',
        got: `a saved call on value ${i}`,
        want: `one of ${values.length} values before it`,
      });
    return value;
  };
  for (const call of config.calls) {
    const layer = layers.get(call.layer);
    if (!layer)
      throw fail('bad-graph', { what: 'model', got: `a saved call of layer '${call.layer}'`, want: 'one of the saved layers' });
    values.push(layer(call.inputs.length === 1 ? valueAt(call.inputs[0]!) : call.inputs.map(valueAt)));
  }
  const outputs = Object.fromEntries(Object.entries(config.outputs).map(([name, i]) => [name, valueAt(i)]));
  return architecture({ inputs, outputs, name: config.name });
}
