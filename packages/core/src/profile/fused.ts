import { type Node, toposort } from '../graph/index.ts';
import type { KernelCall } from '../runtime/index.ts';

type Fused = ReadonlyMap<Node, readonly Node[]>;

const known = new WeakMap<ReadonlyMap<string, Node>, Fused>();

/**
 * Nodes that the engine has made a part of others, by the node that it called the whole after: of a convolution and the activation behind
 * it there is one kernel, which may have the activation's name. What stands before such a node, and no kernel has run for, is in it.
 */
export function fusedInto(
  nodes: ReadonlyMap<string, Node>,
  kernels: readonly KernelCall[],
  find: (name: string) => Node | undefined,
): Fused {
  const before = known.get(nodes);
  if (before) return before;
  const taken = new Set<Node>();
  const fixed = fixedOf(nodes);
  for (const { node } of kernels) {
    const own = find(node);
    if (own) taken.add(own);
  }
  const fused = new Map<Node, Node[]>();
  for (const { node, op } of kernels) {
    const last = find(node);
    if (!last || op === last.op.type || fused.has(last)) continue;
    const parts: Node[] = [];
    fused.set(last, parts);
    take(last, parts);
    for (let i = 0; i < parts.length; i++) take(parts[i]!, parts);
  }
  known.set(nodes, fused);
  return fused;

  function take({ ins }: Node, parts: Node[]): void {
    for (const value of ins) {
      const from = value?.node;
      if (!from || taken.has(from) || fixed.has(from)) continue;
      taken.add(from);
      parts.push(from);
    }
  }
}

/** What is calculated of constants alone, when the model is loaded. */
function fixedOf(nodes: ReadonlyMap<string, Node>): ReadonlySet<Node> {
  const fixed = new Set<Node>();
  for (const node of toposort([...nodes.values()].flatMap(({ outs }) => outs)))
    if (node.ins.every((value) => !value || value.data || (value.node && fixed.has(value.node)))) fixed.add(node);
  return fixed;
}
