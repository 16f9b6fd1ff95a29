import { type Dim, type DType, dtypeOfOnnx, type Shape } from '../tensor/index.ts';
import { type DecodeOptions, decodeModel } from './decode.ts';
import type { GraphProto, ModelProto, StringStringEntryProto, TensorShapeProto, TypeProto, ValueInfoProto } from './proto.ts';

/** An input or an output of any ONNX model. */
export interface ModelPort {
  readonly name: string;
  /** Undefined for what cannot cross the engine's boundary: bfloat16, sequences, maps. */
  readonly dtype: DType | undefined;
  /** The type for people: 'float32', 'element type 16', 'sequence'. */
  readonly type: string;
  /** Sizes known only at run time by name. Undefined when not even the number of axes is known. */
  readonly shape: Shape | undefined;
}

/** What a model says about itself. */
export interface ModelInfo {
  readonly name: string;
  /** What has to be fed: inputs that are not initializers. */
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Versions of operators by domain; '' is ONNX itself. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly ir: number;
  /** Who wrote the file: 'pytorch 2.13.0'. */
  readonly producer: string;
}

/**
 * Inputs, outputs and metadata of any ONNX model, also of one with operators that Stratus does not know.
 * A size without a name gets one of its own: `x_0` is the first axis of `x`.
 *
 * Errors: `not-onnx`. Source: onnx.proto, ModelProto.
 *
 * @example
 * import { exportGraph, graphInput, ops, readModelInfo } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * const bytes = exportGraph({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } });
 * console.log(readModelInfo(bytes).inputs); // [{ name: 'x', dtype: 'float32', type: 'float32', shape: ['batch', 2] }]
 */
export function readModelInfo(model: Uint8Array | ModelProto, options: DecodeOptions = {}): ModelInfo {
  const proto = model instanceof Uint8Array ? decodeModel(model, options) : model;
  const graph = proto.graph ?? {};
  const ports = portReader(graph);
  return {
    name: graph.name ?? '',
    inputs: fedInputs(graph).map(ports),
    outputs: (graph.output ?? []).map(ports),
    metadata: textsOf(proto.metadataProps),
    opsets: Object.fromEntries((proto.opsetImport ?? []).map(({ domain, version }) => [domainOf(domain), Number(version ?? 0)])),
    ir: Number(proto.irVersion ?? 0),
    producer: [proto.producerName, proto.producerVersion].filter((text) => text).join(' '),
  };
}

/** A table of texts as an object. */
export const textsOf = (entries: readonly StringStringEntryProto[] = []): Record<string, string> =>
  Object.fromEntries(entries.map(({ key, value }) => [key ?? '', value ?? '']));

/** ONNX itself has two names. */
export const domainOf = (domain: string | undefined): string => (domain === undefined || domain === 'ai.onnx' ? '' : domain);

/** Up to IR 3, initializers were listed among the inputs. */
export function fedInputs(graph: GraphProto): readonly ValueInfoProto[] {
  const stored = new Set([
    ...(graph.initializer ?? []).map(({ name }) => name),
    ...(graph.sparseInitializer ?? []).map(({ values }) => values?.name),
  ]);
  return (graph.input ?? []).filter(({ name }) => !stored.has(name));
}

/** Reads ports of one graph; sizes without a name get names that nothing else in it has. */
export function portReader(graph: GraphProto): (info: ValueInfoProto) => ModelPort {
  const taken = new Set<string>();
  for (const { type } of [...(graph.input ?? []), ...(graph.output ?? [])])
    for (const { dimParam } of type?.tensorType?.shape?.dim ?? []) if (dimParam) taken.add(dimParam);

  const fresh = (wanted: string): string => {
    let name = wanted;
    while (taken.has(name)) name += '_';
    taken.add(name);
    return name;
  };
  const shapeOf = (name: string, shape: TensorShapeProto): Shape =>
    (shape.dim ?? []).map(({ dimValue, dimParam }, axis): Dim => {
      if (dimParam) return dimParam;
      const size = Number(dimValue ?? -1);
      return Number.isSafeInteger(size) && size >= 0 ? size : fresh(`${name}_${axis}`);
    });
  return ({ name = '', type }) => {
    const tensor = type?.tensorType;
    const dtype = tensor && dtypeOfOnnx(tensor.elemType ?? 0);
    return { name, dtype, type: typeName(type, dtype), shape: tensor?.shape && shapeOf(name, tensor.shape) };
  };
}

function typeName(type: TypeProto | undefined, dtype: DType | undefined): string {
  if (dtype) return dtype;
  if (type?.tensorType) return `element type ${type.tensorType.elemType ?? 0}`;
  if (type?.sequenceType) return 'sequence';
  if (type?.mapType) return 'map';
  if (type?.optionalType) return 'optional';
  return type?.sparseTensorType ? 'sparse tensor' : 'unknown';
}
