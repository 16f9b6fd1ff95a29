import { atPath, scopePath } from './scope.ts';
import { apply, type Node, toposort, type Value } from './value.ts';

/** What stands in the place of a node, whose inputs have become `ins`. Undefined: the node itself, on these inputs. */
export type Rule = (node: Node, ins: readonly (Value | undefined)[]) => readonly Value[] | undefined;

/**
 * The same calculation, said otherwise: each node, in the order of the calculation, becomes what the rule gives for it. Nodes for which
 * it gives nothing, and whose inputs stay, are kept. What is built lies at the path of the node that it stands for.
 */
export function rewrite(outputs: readonly Value[], rule: Rule, replaced: ReadonlyMap<Value, Value> = new Map()): Value[] {
  const now = new Map(replaced);
  const around = scopePath();
  for (const node of toposort(outputs)) {
    if (node.outs.every((value) => now.has(value))) continue;
    const ins = node.ins.map((value) => value && (now.get(value) ?? value));
    const changed = ins.some((value, i) => value !== node.ins[i]);
    const path = [around, node.path].filter((part) => part !== '').join('/');
    const outs = atPath(path, () => rule(node, ins) ?? (changed ? apply(node.op, ins, node.attrs) : undefined));
    if (outs) for (const [i, value] of node.outs.entries()) if (!now.has(value)) now.set(value, outs[i]!);
  }
  return outputs.map((value) => now.get(value) ?? value);
}
