import { fail } from '../errors.ts';
import {
  type AttrKind,
  type AttrValue,
  checkGraph,
  expandGraph,
  type Graph,
  type Node,
  type Plan,
  planOf,
  portable,
  type Runs,
  type Value,
} from '../graph/index.ts';
import { bytesOf, dtypes, type Tensor } from '../tensor/index.ts';
import { encodeModel } from './encode.ts';
import {
  type AttributeProto,
  attributeTypes,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './proto.ts';
import { protoOfTensor } from './tensor-proto.ts';

/** What a file says besides its graph. */
export interface ExportOptions {
  /** Texts by name, for `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly producerVersion?: string | undefined;
  /** Version of ONNX's operators. Later ones than 21 lose kernels. */
  readonly opset?: number | undefined;
  /** Version of the file format. */
  readonly ir?: number | undefined;
  /** What whoever runs it has kernels for; unless told, what is in ONNX. */
  readonly runs?: Runs | undefined;
  /** Is told what each node is called, those within loops as well. */
  readonly named?: ((name: string, node: Node) => void) | undefined;
}

/**
 * A graph as the message of an ONNX file. Nodes are named after the place that built them and their position
 * (`dense_1/MatMul_3`), constants become initializers, sizes known only at run time keep their names.
 *
 * Errors: `bad-graph`; `bad-value` for an op that is newer than `opset`. Source: onnx.proto (IR 10), ONNX opset 21.
 *
 * @example
 * import { graphInput, graphToModel, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * const model = graphToModel({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } });
 * console.log(model.graph?.node?.[0]?.name); // Mul_0
 */
export function graphToModel(given: Graph, options: ExportOptions = {}): ModelProto {
  const { metadata = {}, producerVersion, opset = 21, ir = 10, runs = portable, named } = options;
  checkGraph(given);
  const graph = expandGraph(given, runs);
  const domains = new Map([['', opset]]);
  const proto = new GraphWriter({ domains, taken: new Set(), named }).write(graph);
  return {
    irVersion: ir,
    producerName: 'stratus',
    producerVersion,
    graph: proto,
    opsetImport: [...domains].map(([domain, version]) => ({ domain, version })),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}

/**
 * A graph as the bytes of an ONNX file; equal graphs give equal bytes.
 *
 * Errors: `bad-graph`; `bad-value` for 2 GB or more. Source: as {@link graphToModel}.
 *
 * @example
 * import { exportGraph, graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * const bytes = exportGraph({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } });
 * console.log(bytes instanceof Uint8Array); // true
 */
export const exportGraph = (graph: Graph, options: ExportOptions = {}): Uint8Array => encodeModel(graphToModel(graph, options));

/** Equal constants up to this size are stored once; comparing larger ones costs more than it saves. */
const shareUpTo = 256;
const encoder = new TextEncoder();

/** What the writers of one file share. */
interface File {
  readonly domains: Map<string, number>;
  readonly taken: Set<string>;
  readonly named: ExportOptions['named'];
}

/**
 * Writes one graph. Graphs inside nodes have writers of their own: names are unique in the whole file, and what such a graph captures
 * has the name that it has outside.
 */
class GraphWriter {
  readonly #taken: Set<string>;
  /** Of what stands before: inputs, constants, outputs of nodes that are written. */
  readonly #names = new Map<Value, string>();
  /** Names that outputs of the graph give to values before these are made. */
  readonly #promised = new Map<Value, string>();
  readonly #domains: Map<string, number>;
  readonly #file: File;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #shared = new Map<string, string>();
  #constants = 0;
  #stands: Plan['stands'] = (value) => value;

  constructor(file: File) {
    this.#file = file;
    this.#domains = file.domains;
    this.#taken = file.taken;
  }

  /** `captured`: the names of what the last inputs take. */
  write(graph: Graph, captured: readonly string[] = []): GraphProto {
    const outputs = Object.entries(graph.outputs);
    const inputs = graph.inputs.slice(0, graph.inputs.length - captured.length);
    for (const input of inputs) this.#names.set(input, this.#unique(input.name!));
    for (const [i, name] of captured.entries()) this.#names.set(graph.inputs[inputs.length + i]!, name);
    const outputNames = outputs.map(([name]) => this.#unique(name));
    const { order, stands } = planOf(outputs.map(([, value]) => value));
    this.#stands = stands;
    for (const [i, [, value]] of outputs.entries())
      if (!this.#promised.has(stands(value))) this.#promised.set(stands(value), outputNames[i]!);

    for (const [position, node] of order.entries()) this.#node(node, position);
    let position = order.length;
    for (const [i, [, value]] of outputs.entries()) {
      const [name, made] = [outputNames[i]!, this.#nameOf(value)];
      // A name can be made only once, and what is fed or stored cannot be fetched: a node stands between.
      if (made === name) continue;
      this.#nodes.push({ input: [made], output: [name], name: this.#unique(`Identity_${position++}`), opType: 'Identity' });
    }
    return {
      node: this.#nodes,
      name: graph.name,
      initializer: this.#initializers,
      input: inputs.map((value) => valueInfo(this.#names.get(value)!, value)),
      output: outputs.map(([, value], i) => valueInfo(outputNames[i]!, value)),
    };
  }

  #node(node: Node, position: number): void {
    const { op, ins, attrs, outs, path } = node;
    const opset = this.#domains.get(op.domain);
    if (op.domain === '' && op.since > opset!)
      throw fail('bad-value', { what: op.type, at: path, got: `opset ${opset}`, want: `opset ${op.since} or later` });
    if (op.domain !== '') this.#domains.set(op.domain, Math.max(opset ?? 0, op.since));

    const name = this.#unique(`${path === '' ? '' : `${path}/`}${op.type}_${position}`);
    this.#file.named?.(name, node);
    const all = ins.map((value) => (value ? this.#nameOf(value) : ''));
    let inside = all.length;
    const attribute = Object.entries(op.attrs)
      .reverse() // captured values are the last inputs, those of the last graph last
      .flatMap(([key, { kind }]) => {
        const value = attrs[key];
        if (value === undefined) return [];
        const captured = kind === 'graph' ? all.slice(inside - ((value as Graph).captured ?? 0), inside) : [];
        inside -= captured.length;
        return [this.#attribute(key, kind, value, captured)];
      })
      .reverse();
    const input = all.slice(0, inside);
    const output = outs.map((value, i) => {
      const known = this.#promised.get(value) ?? this.#unique(i === 0 ? name : `${name}:${i}`, name);
      this.#names.set(value, known);
      return known;
    });
    this.#nodes.push({ input, output, name, opType: op.type, attribute, ...(op.domain !== '' && { domain: op.domain }) });
  }

  #attribute(name: string, kind: AttrKind, value: AttrValue, captured: readonly string[]): AttributeProto {
    const type = attributeTypes[kind];
    switch (kind) {
      case 'int':
        return { name, type, i: value as number };
      case 'float':
        return { name, type, f: value as number };
      case 'string':
        return { name, type, s: encoder.encode(value as string) };
      case 'ints':
        return { name, type, ints: value as readonly number[] };
      case 'floats':
        return { name, type, floats: value as readonly number[] };
      case 'strings':
        return { name, type, strings: (value as readonly string[]).map((text) => encoder.encode(text)) };
      case 'tensor':
        return { name, type, t: protoOfTensor(value as Tensor) };
      case 'graph':
        return { name, type, g: new GraphWriter(this.#file).write(value as Graph, captured) };
    }
  }

  #nameOf(given: Value): string {
    const value = this.#stands(given);
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = this.#initializer(value.data!, value.name);
    this.#names.set(value, name);
    return name;
  }

  #initializer(tensor: Tensor, given: string | undefined): string {
    const key = given === undefined ? contentOf(tensor) : undefined;
    const equal = key === undefined ? undefined : this.#shared.get(key);
    if (equal !== undefined) return equal;
    const name = this.#unique(given ?? `${unnamed}${this.#constants++}`);
    if (key !== undefined) this.#shared.set(key, name);
    this.#initializers.push(protoOfTensor(tensor, name));
    return name;
  }

  /** A name that nothing has yet. `own` may be reused: a node and its first output are called alike. */
  #unique(wanted: string, own?: string): string {
    let name = wanted;
    while (name !== own && this.#taken.has(name)) name += '_';
    this.#taken.add(name);
    return name;
  }
}

/** What constants without a name are called, and a number. Reading takes such names away again. */
export const unnamed = 'const_';

const contentOf = (tensor: Tensor): string | undefined => {
  if (tensor.dtype === 'string' || tensor.size * dtypes[tensor.dtype].bytes > shareUpTo) return undefined;
  return `${tensor.dtype}[${tensor.shape.join()}]${bytesOf(tensor).join()}`;
};

const valueInfo = (name: string, { dtype, shape }: Value): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: dtypes[dtype].onnx,
      shape: { dim: shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
});
