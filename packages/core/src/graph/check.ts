import { fail, StratusError } from '../errors.ts';
import { isTensor, sameShape, showShape } from '../tensor/index.ts';
import { type AttrKind, type AttrValue, type Graph, type Info, type Node, toposort, type Value } from './value.ts';

/**
 * Throws unless a graph is whole: outputs and inputs are named once each, everything that the outputs reach is made by a node,
 * fed or constant, attributes are of the kinds that the ops declare, and shapes and dtypes are those that the ops infer.
 *
 * Errors: `bad-graph`, which names the node or the input.
 *
 * @example
 * import { checkGraph, graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * checkGraph({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } }); // fine
 */
export const checkGraph = (graph: Graph): void => {
  if (graph.captured)
    throw fail('bad-graph', {
      what: `graph '${graph.name}'`,
      got: `${graph.captured} captured inputs`,
      want: 'none: there is nothing around it',
    });
  check(graph);
};

type Complaint = {
  readonly what?: string;
  readonly at?: string;
  readonly got: string;
  readonly want: string;
  readonly fix?: string;
};

function check(graph: Graph): void {
  const bad = (complaint: Complaint, cause?: unknown): never => {
    throw fail('bad-graph', { what: `graph '${graph.name}'`, ...complaint }, cause);
  };
  const outputs = Object.entries(graph.outputs);
  if (outputs.length === 0) bad({ got: 'no outputs', want: 'at least one', fix: 'Name the values that are to be computed.' });

  const { captured = 0 } = graph;
  if (!Number.isInteger(captured) || captured < 0 || captured > graph.inputs.length)
    bad({ got: `${captured} captured inputs`, want: `from 0 to ${graph.inputs.length}, the number of inputs` });
  const names = new Set<string>();
  for (const value of graph.inputs) {
    if (value.node || value.data)
      bad({
        got: `an input that is ${value.data ? 'a constant' : `made by ${value.node!.op.type}`}`,
        want: 'inputs made with graphInput',
      });
    if (!value.name) bad({ got: `an input of shape ${showShape(value.shape)} without a name`, want: 'a name for every input' });
    if (names.has(value.name!)) bad({ got: `two inputs named '${value.name!}'`, want: 'a name of its own for every input' });
    names.add(value.name!);
  }
  for (const [name] of outputs) {
    if (name === '') bad({ got: 'an output without a name', want: 'a name for every output' });
    if (names.has(name))
      bad({ got: `an output and an input named '${name}'`, want: 'different names', fix: 'Rename the output.' });
  }

  const known = new Set<Value>(graph.inputs);
  const constants = new Map<string, Value>();
  const reach = (value: Value, by: string, at: string): void => {
    if (known.has(value)) return;
    if (value.node) bad({ at, got: `a value of ${value.node.op.type} that ${by} reads before it is made`, want: 'no cycles' });
    if (!value.data)
      bad({
        at,
        got: `the input '${value.name ?? ''}', which ${by} reads`,
        want: 'an input of the graph',
        fix: 'List it under inputs.',
      });
    if (value.name !== undefined) {
      const same = constants.get(value.name) ?? (Object.hasOwn(graph.outputs, value.name) ? graph.outputs[value.name]! : value);
      const taken = names.has(value.name) || same.data !== value.data;
      if (taken) bad({ at, got: `a constant named '${value.name}' like another value`, want: 'a name of its own' });
      constants.set(value.name, value);
    }
    known.add(value);
  };

  for (const node of toposort(outputs.map(([, value]) => value))) {
    for (const value of node.ins) if (value) reach(value, node.op.type, node.path);
    checkNode(node, bad);
    for (const value of node.outs) known.add(value);
  }
  for (const [name, value] of outputs) reach(value, `the output '${name}'`, '');
}

function checkNode(node: Node, bad: (complaint: Complaint, cause?: unknown) => never): void {
  const { op, ins, attrs, outs, path: at } = node;
  const what = op.type;
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined) continue;
    const spec = Object.hasOwn(op.attrs, name) ? op.attrs[name] : undefined;
    if (!spec)
      return bad({ what, at, got: `the attribute '${name}'`, want: `one of: ${Object.keys(op.attrs).join(', ') || 'none'}` });
    if (!fits[spec.kind](value))
      bad({ what, at, got: `${name} = ${show(value)}`, want: `an attribute of the kind ${spec.kind}` });
    if (spec.kind === 'graph') check(value as Graph);
  }
  let infos: readonly Info[];
  try {
    infos = op.infer(ins, attrs);
  } catch (e) {
    return bad({ what, at, got: StratusError.is(e) ? e.message : String(e), want: 'inputs that fit' }, e);
  }
  if (infos.length !== outs.length) bad({ what, at, got: `${outs.length} outputs`, want: `${infos.length}` });
  for (const [i, { dtype, shape }] of infos.entries()) {
    const out = outs[i]!;
    if (out.node !== node || out.index !== i)
      bad({ what, at, got: `an output ${i} that points elsewhere`, want: 'outputs that point at their node' });
    if (out.dtype !== dtype || !sameShape(out.shape, shape))
      bad({ what, at, got: `output ${i} as ${out.dtype}${showShape(out.shape)}`, want: `${dtype}${showShape(shape)}` });
  }
}

const show = (value: AttrValue): string =>
  typeof value === 'object' && !Array.isArray(value) ? 'an object' : JSON.stringify(value);
const all =
  (test: (v: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(test);
const isText = (v: unknown): boolean => typeof v === 'string';
const isNumber = (v: unknown): boolean => typeof v === 'number';

const fits: Readonly<Record<AttrKind, (value: unknown) => boolean>> = {
  int: Number.isSafeInteger,
  float: isNumber,
  string: isText,
  ints: all(Number.isSafeInteger),
  floats: all(isNumber),
  strings: all(isText),
  tensor: isTensor,
  graph: (v) => typeof v === 'object' && v !== null && 'outputs' in v && 'inputs' in v,
};
