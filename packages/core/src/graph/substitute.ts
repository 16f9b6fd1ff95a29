import { atPath, scopePath } from './scope.ts';
import { apply, type Node, toposort, type Value } from './value.ts';

/** Makes another node of one: gets what its inputs have become. */
export type Remake = (node: Node, ins: readonly (Value | undefined)[]) => readonly Value[];

/**
 * The same calculation on other values: what `replaced` names stands in the place of its keys, and the nodes that depend on it are
 * made anew, so that shapes and dtypes are inferred again. Nodes that depend on nothing replaced stay as they are.
 *
 * Shapes: those that the ops infer. Errors: `shape-mismatch`, `dtype-mismatch`, `bad-value` of the ops.
 *
 * @example
 * import { graphInput, ops, substitute } from '@stratus/core';
 * const x = graphInput('x', [1, 3]);
 * const y = ops.mul(x, 2);
 * const [any] = substitute([y], new Map([[x, graphInput('x', ['batch', 3])]]));
 * console.log(any!.shape); // ['batch', 3]
 */
export function substitute(
  outputs: readonly Value[],
  replaced: ReadonlyMap<Value, Value>,
  remake: Remake = ({ op, attrs }, ins) => apply(op, ins, attrs),
): Value[] {
  const now = new Map(replaced);
  const around = scopePath();
  for (const node of toposort(outputs)) {
    if (node.outs.every((value) => now.has(value)) || !node.ins.some((value) => value && now.has(value))) continue;
    const ins = node.ins.map((value) => value && (now.get(value) ?? value));
    const build = (): readonly Value[] => remake(node, ins);
    const path = [around, node.path].filter((part) => part !== '').join('/');
    const outs = atPath(path, build);
    for (const [i, value] of node.outs.entries()) if (!now.has(value)) now.set(value, outs[i]!);
  }
  return outputs.map((value) => now.get(value) ?? value);
}
