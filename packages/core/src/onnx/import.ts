import { fail, StratusError } from '../errors.ts';
import {
  type AttrKind,
  type Attrs,
  type AttrValue,
  apply,
  atPath,
  constant,
  type Graph,
  graphInput,
  type Info,
  type Op,
  type Value,
  type Written,
} from '../graph/index.ts';
import * as ops from '../ops/index.ts';
import { dtypeOfOnnx, type Tensor, tensor } from '../tensor/index.ts';
import { type DecodeOptions, decodeModel } from './decode.ts';
import { unnamed } from './export.ts';
import { domainOf, fedInputs, portReader, textsOf } from './model-info.ts';
import { NameScope } from './name-scope.ts';
import { type AttributeProto, attributeTypes, type GraphProto, type ModelProto, type NodeProto } from './proto.ts';
import { type ExternalFiles, tensorOfProto } from './tensor-proto.ts';
import type { Int64 } from './wire.ts';

/** How a model is read. */
export interface ImportOptions extends DecodeOptions {
  /** Contents of the files beside the model that hold large tensors, by the location that the model names. */
  readonly externalData?: ExternalFiles | undefined;
}

/** A model that was read. */
export interface Imported {
  readonly graph: Graph;
  /** `metadata_props`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Version of ONNX's operators. */
  readonly opset: number;
  /** Everything that has a name in the file, but not inside bodies: inputs, initializers, results of nodes. */
  readonly values: ReadonlyMap<string, Value>;
}

/**
 * Reads an ONNX model back into a graph that can be changed, differentiated and trained. Initializers become constants.
 *
 * Errors: `not-onnx` when it is broken; `unsupported-ops`, which names all operators, attributes and types that Stratus does not
 * know; `bad-graph`, `shape-mismatch`, `dtype-mismatch`, `bad-value` when the operators do not fit together.
 * Source: onnx.proto, ONNX opsets 7 to 21, and later ones where an operator did not change.
 *
 * @example
 * import { exportGraph, graphInput, importGraph, ops, printGraph } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * const bytes = exportGraph({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } });
 * console.log(printGraph(importGraph(bytes).graph));
 */
export function importGraph(model: Uint8Array | ModelProto, options: ImportOptions = {}): Imported {
  const proto = model instanceof Uint8Array ? decodeModel(model, options) : model;
  const opset = Number(proto.opsetImport?.find(({ domain }) => domainOf(domain) === '')?.version ?? 0);
  const context: Context = {
    opset,
    files: options.externalData ?? {},
    broken: (reason, cause) => fail('not-onnx', { file: options.file ?? 'The model', reason }, cause),
  };
  const unsupported = new Set<string>();
  survey(proto.graph ?? {}, context, unsupported);
  if (unsupported.size > 0) throw fail('unsupported-ops', { ops: [...unsupported].sort() });
  const scope = new NameScope();
  const graph = readGraph(proto.graph ?? {}, scope, context);
  return { graph, metadata: textsOf(proto.metadataProps), opset, values: scope.values };
}

interface Context {
  readonly opset: number;
  readonly files: ExternalFiles;
  readonly broken: (reason: string, cause?: unknown) => StratusError;
}

/** From here on operators broadcast as they do today; what else has changed, the ops say themselves. */
const oldestOpset = 7;

let table: ReadonlyMap<string, Op> | undefined;
/** Every op, by domain and type. The first in alphabetical order stands for a type that several emitters make. */
const opTable = (): ReadonlyMap<string, Op> =>
  (table ??= new Map(
    Object.values(ops)
      .flatMap((entry) => (typeof entry === 'function' && 'op' in entry ? [entry.op as Op] : []))
      .reverse()
      .map((op) => [`${op.domain}:${op.type}`, op]),
  ));
const opOf = ({ domain, opType = '' }: NodeProto): Op | undefined => opTable().get(`${domainOf(domain)}:${opType}`);

/** How this file writes an op, where that is not as we do. */
const writtenAs = (op: Op, { opset }: Context): Written | undefined =>
  op.written?.find(({ before = Infinity }) => op.domain !== '' || opset < before);

/** Collects all that cannot be read, so that one message says everything. */
function survey(graph: GraphProto, context: Context, unsupported: Set<string>, isFed = false): void {
  if ((graph.sparseInitializer ?? []).length > 0) unsupported.add('sparse initializers');
  const ports = portReader(graph);
  for (const input of isFed ? [] : fedInputs(graph)) {
    const { name, dtype, type, shape } = ports(input);
    if (!dtype || !shape) unsupported.add(`input '${name}' of type ${type}${shape ? '' : ' and unknown rank'}`);
  }
  for (const { name, dataType = 0 } of graph.initializer ?? [])
    if (!dtypeOfOnnx(dataType)) unsupported.add(`initializer '${name ?? ''}' of element type ${dataType}`);
  for (const node of graph.node ?? []) {
    const type = `${domainOf(node.domain) === '' ? '' : `${node.domain}.`}${node.opType ?? ''}`;
    if (isConstant(node)) continue;
    const op = opOf(node);
    if (!op) {
      unsupported.add(type);
      continue;
    }
    if (op.domain === '' && context.opset < oldestOpset)
      unsupported.add(`${type} of opset ${context.opset} (read: ${oldestOpset} and later)`);
    const attrs = writtenAs(op, context)?.attrs ?? op.attrs;
    for (const attribute of node.attribute ?? []) {
      const spec = Object.hasOwn(attrs, attribute.name ?? '') ? attrs[attribute.name!] : undefined;
      if (!spec) unsupported.add(`${type} with the attribute '${attribute.name ?? ''}'`);
      else if (spec.kind === 'graph' && attribute.g) survey(attribute.g, context, unsupported, op.feeds !== undefined);
    }
  }
}

/** Reads a graph into `scope`. `fed`: of a graph inside a node, what the node is known to feed it, whatever the file says. */
function readGraph(graph: GraphProto, scope: NameScope, context: Context, fed?: readonly Info[]): Graph {
  const define = (name: string, value: Value): void => {
    if (!scope.define(name, value)) throw context.broken(`two values are named '${name}'`);
  };
  const ports = portReader(graph);
  const portNames = new Set<string>();
  const inputs = fedInputs(graph).map((input, i) => {
    const { name, dtype, shape } = fed?.[i] ? { name: input.name ?? '', ...fed[i] } : ports(input);
    if (!dtype || !shape) throw context.broken(`'${graph.name ?? ''}' has an input '${name}' that nothing feeds`);
    const value = graphInput(fed ? portName(name, portNames) : name, shape, dtype);
    define(name, value);
    return value;
  });
  for (const proto of graph.initializer ?? []) define(proto.name ?? '', named(tensorOfProto(proto, context.files), proto.name));
  for (const node of graph.node ?? []) {
    const outs = readNode(node, scope, context);
    for (const [i, name] of (node.output ?? []).entries()) if (name !== '') define(name, outs[i]!);
  }
  const outputs = (graph.output ?? []).map(({ name = '' }): [string, Value] => {
    const value = scope.find(name);
    if (!value) throw context.broken(`nothing makes its output '${name}'`);
    return [name, value];
  });
  const { captured } = scope;
  for (const { inner } of captured) portNames.add(inner.name!);
  return {
    name: graph.name ?? '',
    inputs: [...inputs, ...captured.map(({ inner }) => inner)],
    ...(captured.length > 0 && { captured: captured.length }),
    outputs: Object.fromEntries(outputs.map(([name, value]) => [fed ? portName(name, portNames) : name, value])),
  };
}

/**
 * A name for an input or output of a graph inside a node, where only the position counts: without what writing added to make it
 * unique in the file, and not a number, which an object would move to the front.
 */
function portName(wanted: string, taken: Set<string>): string {
  let name = wanted.replace(/(?<=.)_+$/, '');
  if (/^\d+$/.test(name)) name = `port_${name}`;
  while (taken.has(name)) name += '_';
  taken.add(name);
  return name;
}

/** Constants get back the names that they were given, not those that writing made up. */
const named = (data: Tensor, name: string | undefined): Value =>
  constant(
    data,
    name === undefined || (name.startsWith(unnamed) && /^\d+_*$/.test(name.slice(unnamed.length))) ? undefined : name,
  );

function readNode(node: NodeProto, scope: NameScope, context: Context): readonly Value[] {
  const title = `node '${node.name ?? ''}' (${node.opType ?? ''})`;
  if (isConstant(node)) return [constantOf(node, title, context)];
  const op = opOf(node)!;
  const ins = (node.input ?? []).map((name) => {
    const value = name === '' ? undefined : scope.find(name);
    if (!value && name !== '') throw context.broken(`${title} reads '${name}', which nothing before it makes`);
    return value;
  });
  while (ins.length > 0 && ins[ins.length - 1] === undefined) ins.pop();
  const given = new Map((node.attribute ?? []).map((attribute) => [attribute.name, attribute]));
  const attrs: Record<string, AttrValue | undefined> = {};
  const specs = Object.entries(writtenAs(op, context)?.attrs ?? op.attrs);
  for (const [name, spec] of specs) {
    const attribute = given.get(name);
    if (spec.kind !== 'graph') attrs[name] = attribute ? readAttribute(attribute, spec.kind, title, context) : spec.default;
  }
  const fed = op.feeds && guarded(title, node, context, () => op.feeds!(ins, attrs));
  for (const [name, spec] of specs) {
    const attribute = given.get(name);
    if (spec.kind !== 'graph' || !attribute) continue;
    if (!attribute.g) throw context.broken(`the attribute '${name}' of ${title} is not of the kind graph`);
    const inside = new NameScope(scope);
    attrs[name] = readGraph(attribute.g, inside, context, fed?.[name] ?? []);
    ins.push(...inside.captured.map(({ outer }) => outer));
  }
  const outs = applied(op, ins, attrs, node, title, context);
  const wanted = (node.output ?? []).findLastIndex((name) => name !== '') + 1;
  if (wanted > outs.length) throw fail('unsupported-ops', { ops: [`${node.opType!} with ${wanted} outputs`] });
  return outs;
}

function applied(
  op: Op,
  ins: readonly (Value | undefined)[],
  attrs: Attrs,
  node: NodeProto,
  title: string,
  context: Context,
): readonly Value[] {
  const written = writtenAs(op, context);
  const wanted = node.output?.length ?? 0;
  return guarded(title, node, context, () => written?.read(op, ins, attrs, wanted) ?? apply(op, ins, attrs));
}

function guarded<T>(title: string, node: NodeProto, context: Context, build: () => T): T {
  try {
    return atPath(pathOf(node), build);
  } catch (e) {
    if (StratusError.is(e)) throw e;
    // Rules may take for granted that the inputs are there; a file need not have them.
    throw context.broken(`${title} has inputs or attributes that the operator cannot have`, e);
  }
}

/** Where a node was built: its name without what writing added, `dense_1/MatMul_3` -> `dense_1`. */
function pathOf({ name = '', opType = '' }: NodeProto): string {
  const slash = name.lastIndexOf('/');
  const last = name.slice(slash + 1);
  const added = last.startsWith(opType) && /^(_\d*)*$/.test(last.slice(opType.length));
  return added ? name.slice(0, Math.max(slash, 0)) : name;
}

/** 'To the end' is written as the largest integer of 64 bits; any number beyond all sizes says the same. */
const whole = (i: Int64): number => Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number(i), Number.MAX_SAFE_INTEGER));

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function readAttribute(attribute: AttributeProto, kind: Exclude<AttrKind, 'graph'>, title: string, context: Context): AttrValue {
  const { name, type = attributeTypes[kind], t } = attribute;
  if (type !== attributeTypes[kind] || (kind === 'tensor' && !t))
    throw context.broken(`the attribute '${name}' of ${title} is not of the kind ${kind}`);
  // Writers may leave out zeros and empty lists.
  switch (kind) {
    case 'int':
      return whole(attribute.i ?? 0);
    case 'float':
      return attribute.f ?? 0;
    case 'string':
      return decoder.decode(attribute.s ?? new Uint8Array(0));
    case 'ints':
      return (attribute.ints ?? []).map(whole);
    case 'floats':
      return attribute.floats ?? [];
    case 'strings':
      return (attribute.strings ?? []).map((bytes) => decoder.decode(bytes));
    case 'tensor':
      return tensorOfProto(t!, context.files);
  }
}

const isConstant = ({ opType, domain }: NodeProto): boolean => opType === 'Constant' && domainOf(domain) === '';

/** What a Constant node holds, by the attribute that it is in. */
const constants: Readonly<Record<string, (attribute: AttributeProto, files: ExternalFiles) => Tensor | undefined>> = {
  value: ({ t }, files) => t && tensorOfProto(t, files),
  value_float: ({ f = 0 }) => tensor(f),
  value_floats: ({ floats = [] }) => tensor(new Float32Array(floats)),
  value_int: ({ i = 0 }) => tensor(BigInt(i)),
  value_ints: ({ ints = [] }) => tensor(BigInt64Array.from(ints, BigInt)),
  value_string: ({ s = new Uint8Array(0) }) => tensor(decoder.decode(s)),
  value_strings: ({ strings = [] }) =>
    tensor(
      strings.map((s) => decoder.decode(s)),
      { dtype: 'string' },
    ),
};

function constantOf(node: NodeProto, title: string, context: Context): Value {
  const attribute = node.attribute?.[0];
  const read = Object.hasOwn(constants, attribute?.name ?? '') ? constants[attribute!.name!] : undefined;
  const data = read?.(attribute!, context.files);
  if (!data) throw context.broken(`${title} holds no value that can be read`);
  return constant(data);
}
