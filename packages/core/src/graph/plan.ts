import { type Node, toposort, type Value } from './value.ts';

/** What runs, and under which value a value is found that another node makes now. */
export interface Plan {
  readonly order: readonly Node[];
  readonly stands: (value: Value) => Value;
}

/**
 * Nodes in the order in which they run. Nodes of an op that can `join` and have equal inputs become one: the gradient of a loop needs
 * more of what the loop calculates than the loop gave when it was built, and must not run it a second time.
 */
export function planOf(outputs: readonly Value[]): Plan {
  const nodes = toposort(outputs);
  if (!nodes.some(({ op }) => op.join)) return { order: nodes, stands: (value) => value };

  const read = new Set<Value>(outputs);
  const isRead = (value: Value): boolean => read.has(value);
  const readBy = (ins: Node['ins']): void => {
    for (const value of ins) if (value) read.add(value);
  };
  const instead = new Map<Node, Node>();
  const stands = new Map<Value, Value>();
  const groups = equalInputs(nodes);
  // From the last to the first, so that what only a loop needs whose results nobody reads is not read either.
  for (const node of [...nodes].reverse()) {
    const group = groups.get(node);
    if (!group) {
      if (node.outs.some(isRead)) readBy(node.ins);
      continue;
    }
    if (group[0] !== node || !group.some(({ outs }) => outs.some(isRead))) continue;
    const { op } = node;
    const { path } = group.reduce((a, b) => (b.outs.length < a.outs.length ? b : a)); // the first that was built gives the least
    for (const { ins, attrs, outs } of op.join!(group, isRead)) {
      const joined: Node = { op, ins, attrs, path, outs: outs.map((values) => values[0]!) };
      if (joined.outs.some(isRead)) readBy(ins);
      for (const values of outs) {
        for (const value of values) {
          stands.set(value, values[0]!);
          instead.set(value.node!, joined);
        }
      }
    }
    for (const one of group) if (!instead.has(one) && one.outs.some(isRead)) readBy(one.ins);
  }
  const find = (value: Value): Value => stands.get(value) ?? value;
  // Values still point at the nodes that made them first, so the order is found by hand: what a joined node needs has come before it.
  const order = [...new Set(nodes.map((node) => instead.get(node) ?? node))];
  const needed = new Set(outputs.map(find));
  const runs = order.reverse().filter((node) => {
    if (!node.outs.some((out) => needed.has(out))) return false;
    for (const value of node.ins) if (value) needed.add(find(value));
    return true;
  });
  return { order: runs.reverse(), stands: find };
}

/** Nodes that may be joined, each with all that are of its op and have its inputs, in order. */
function equalInputs(nodes: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const groups = new Map<Node, Node[]>();
  const byFirst = new Map<Value | undefined, Node[][]>();
  for (const node of nodes) {
    if (!node.op.join) continue;
    const near = byFirst.get(node.ins[0]) ?? [];
    byFirst.set(node.ins[0], near);
    const same = near.find(
      ([first]) =>
        first!.op === node.op && first!.ins.length === node.ins.length && first!.ins.every((v, i) => v === node.ins[i]),
    );
    const group = same ?? [];
    group.push(node);
    groups.set(node, group);
    if (!same) near.push(group);
  }
  return groups;
}
