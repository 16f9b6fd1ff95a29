// Each elementwise op of ONNX Runtime goes over memory by itself, and memory is what they wait for.
import {
  apply,
  atPath,
  type Graph,
  graphInput,
  type Node,
  type Runs,
  toposort,
  type Value,
  withOutputs,
} from '../graph/index.ts';
import { elementwiseProgram, type Instruction, mostOperands } from '../ops/index.ts';
import { Ways } from './ways.ts';

/** Nodes that become one. */
interface Group {
  readonly nodes: Node[];
  readonly key: string;
}

/** So many nodes at most: their values have to stay in the nearest cache. */
const mostNodes = 40;

/**
 * Expressions of several elementwise ops in one pass over memory: nodes that follow each other, of results of one shape, become one
 * node of the op `Elementwise`, if the engine has a kernel for it. Graphs inside of nodes are treated likewise. A graph that has no two such
 * nodes comes back as it is.
 *
 * Shapes: inputs and outputs are the same. Values: the same but for rounding in functions (exponential, hyperbolic tangent ...).
 * @internal
 */
export function fuseElementwise(graph: Graph, runs: Runs): Graph {
  const [sample] = elementwiseProgram([graphInput('x', [])], [{ kind: 'neg', to: 1, from: [0] }], 1);
  return runs(sample!.node!) ? fused(graph) : graph;
}

function fused(graph: Graph): Graph {
  const given = Object.values(graph.outputs);
  return withOutputs(graph, rebuild(given, groupsOf(given)));
}

/** True for a node that can be part of a program, if what is true or false stays inside of it. */
function fits({ op, ins, outs }: Node): boolean {
  const of = (v: Value | undefined): boolean => v?.dtype === 'float32' || v?.dtype === 'bool';
  return op.elementwise !== undefined && ins.length <= 3 && ins.every(of) && outs.length === 1 && of(outs[0]);
}

/** Groups by node. */
function groupsOf(outputs: readonly Value[]): Map<Node, Group> {
  const order = toposort(outputs);
  const groups = new Map<Node, Group>();
  const ways = new Ways<Group>();
  for (const node of order) {
    const before = node.ins.flatMap((v) => (v?.node ? [v.node] : []));
    if (!fits(node) || !ways.open) {
      ways.pass(node, before);
      continue;
    }
    const key = JSON.stringify(node.outs[0]!.shape);
    const near = [...new Set(before.flatMap((from) => groups.get(from) ?? []))].filter((group) => group.key === key);
    const [first, ...others] = near;
    for (const other of others) {
      if (first!.nodes.length + other.nodes.length >= mostNodes || !ways.merge(first!, other)) continue;
      first!.nodes.push(...other.nodes);
      for (const member of other.nodes) groups.set(member, first!);
    }
    const joined = near.find(({ nodes }, i) => {
      const gone = i > 0 && groups.get(nodes[0]!) === first;
      return !gone && nodes.length < mostNodes && ways.join(node, before, near[i]!);
    });
    const group = joined ?? ways.begin(node, before, { nodes: [], key });
    group.nodes.push(node);
    groups.set(node, group);
  }
  keepTruthInside(order, outputs, groups);
  return groups;
}

/** What is true or false is a number inside of a program only: nodes that make it for others, or take it from others, leave. */
function keepTruthInside(order: readonly Node[], outputs: readonly Value[], groups: Map<Node, Group>): void {
  const readers = new Map<Value, (Node | undefined)[]>();
  const read = (value: Value, by: Node | undefined): void => {
    const all = readers.get(value);
    if (all) all.push(by);
    else readers.set(value, [by]);
  };
  for (const node of order) for (const value of node.ins) if (value?.dtype === 'bool') read(value, node);
  for (const value of outputs) if (value.dtype === 'bool') read(value, undefined);
  const leave = (node: Node): void => {
    const { nodes } = groups.get(node)!;
    groups.delete(node);
    nodes.splice(nodes.indexOf(node), 1);
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order) {
      const group = groups.get(node);
      if (!group) continue;
      const strange = node.ins.some((v) => v?.dtype === 'bool' && !(v.node && groups.get(v.node) === group));
      const [out] = node.outs;
      const shown = out!.dtype === 'bool' && (readers.get(out!) ?? []).some((by) => !by || groups.get(by) !== group);
      if (!strange && !shown) continue;
      leave(node);
      changed = true;
    }
  }
}

/** The graph with one node for each group. */
function rebuild(outputs: readonly Value[], groups: ReadonlyMap<Node, Group>): readonly Value[] {
  const order = toposort(outputs);
  const readOutside = new Set<Value>(outputs);
  for (const node of order)
    for (const value of node.ins)
      if (value?.node && (!groups.has(value.node) || groups.get(value.node) !== groups.get(node))) readOutside.add(value);
  const now = new Map<Value, Value>();
  const made = (value: Value): Value => now.get(value) ?? value;
  const done = new Set<Node>();
  const unitOf = (node: Node): readonly Node[] => {
    const group = groups.get(node);
    return group && group.nodes.length > 1 ? group.nodes : [node];
  };
  const emit = (unit: readonly Node[]): void => {
    for (const node of unit) done.add(node);
    if (unit.length > 1 && fuse(unit, { made, now, readOutside })) return;
    for (const node of unit) {
      const ins = node.ins.map((value) => value && made(value));
      const attrs = fuseInside(node);
      if (attrs === node.attrs && ins.every((value, i) => value === node.ins[i])) continue;
      const outs = atPath(node.path, () => apply(node.op, ins, attrs));
      for (const [i, value] of node.outs.entries()) now.set(value, outs[i]!);
    }
  };
  // A group stands where all that it needs is there: not where its first node stood.
  const stack: { readonly unit: readonly Node[]; expanded: boolean }[] = [];
  for (const root of order) {
    if (done.has(root)) continue;
    stack.push({ unit: unitOf(root), expanded: false });
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (done.has(top.unit[0]!)) stack.pop();
      else if (top.expanded) {
        emit(top.unit);
        stack.pop();
      } else {
        top.expanded = true;
        for (const node of top.unit)
          for (const value of node.ins)
            if (value?.node && !done.has(value.node) && !top.unit.includes(value.node))
              stack.push({ unit: unitOf(value.node), expanded: false });
      }
    }
  }
  return outputs.map(made);
}

function fuseInside(node: Node): Node['attrs'] {
  let { attrs } = node;
  for (const [name, { kind }] of Object.entries(node.op.attrs)) {
    if (kind !== 'graph' || !attrs[name]) continue;
    const inner = fused(attrs[name] as Graph);
    if (inner !== attrs[name]) attrs = { ...attrs, [name]: inner };
  }
  return attrs;
}

/** One node in the place of several. False where they have more operands than a program may have. */
function fuse(
  unit: readonly Node[],
  { made, now, readOutside }: { made: (v: Value) => Value; now: Map<Value, Value>; readOutside: ReadonlySet<Value> },
): boolean {
  const inside = new Set(unit.flatMap(({ outs }) => outs));
  const ins = [...new Set(unit.flatMap((node) => node.ins.filter((v): v is Value => v !== undefined && !inside.has(v))))];
  const results = unit.flatMap(({ outs }) => outs.filter((v) => readOutside.has(v)));
  const program = allocate(unit, { ins, results });
  if (!program) return false;
  const outs = atPath(unit.at(-1)!.path, () => elementwiseProgram(ins.map(made), program, results.length));
  for (const [i, value] of results.entries()) now.set(value, outs[i]!);
  return true;
}

/** Operands for all values; those that nobody reads any more are taken again. */
function allocate(
  unit: readonly Node[],
  { ins, results }: { readonly ins: readonly Value[]; readonly results: readonly Value[] },
): Instruction[] | undefined {
  const operand = new Map<Value, number>([...ins, ...results].map((value, i) => [value, i]));
  const fixed = operand.size;
  const lastRead = new Map<Value, number>();
  for (const [i, node] of unit.entries()) for (const value of node.ins) if (value) lastRead.set(value, i);
  const free: number[] = [];
  let next = fixed;
  const program: Instruction[] = [];
  for (const [i, { op, ins: from, outs }] of unit.entries()) {
    const reads = from.map((value) => operand.get(value!)!);
    const [out] = outs;
    for (const value of new Set(from))
      if (lastRead.get(value!) === i && operand.get(value!)! >= fixed) free.push(operand.get(value!)!);
    if (!operand.has(out!)) operand.set(out!, free.pop() ?? next++);
    program.push({ kind: op.elementwise!, to: operand.get(out!)!, from: reads });
  }
  return next <= mostOperands ? program : undefined;
}
