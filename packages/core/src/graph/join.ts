import { planOf } from './plan.ts';
import { atPath } from './scope.ts';
import { apply, type Graph, type Value } from './value.ts';
import { withOutputs } from './with-outputs.ts';

/**
 * The same graph with the nodes that run: those that can `join` have done so. What changes nodes one by one comes after this, or nodes that were
 * alike would no longer be.
 */
export function joinGraph(graph: Graph): Graph {
  const given = Object.values(graph.outputs);
  const { order, stands } = planOf(given);
  const now = new Map<Value, Value>();
  const made = (value: Value): Value => now.get(stands(value)) ?? stands(value);
  for (const node of order) {
    const ins = node.ins.map((value) => value && made(value));
    if (node.outs.every((value) => value.node === node) && ins.every((value, i) => value === node.ins[i])) continue;
    const outs = atPath(node.path, () => apply(node.op, ins, node.attrs));
    for (const [i, value] of node.outs.entries()) now.set(value, outs[i]!);
  }
  return withOutputs(graph, given.map(made));
}
