import { rewrite } from './rewrite.ts';
import { apply, type Node, type Value } from './value.ts';

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
  return rewrite(
    outputs,
    (node, ins) => (ins.some((value, i) => value !== node.ins[i]) ? remake(node, ins) : undefined),
    replaced,
  );
}
