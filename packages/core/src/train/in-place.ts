// A step in two graphs: the second writes over what is held, so that weights and the optimizer's tensors lie in memory once and not twice.
import { type Graph, graphInput, type Node, rewrite, toposort, type Value } from '../graph/index.ts';
import { dtypes, isStatic, sameShape, sizeOf } from '../tensor/index.ts';

/** What runs first, and what then writes over held tensors. */
export interface Split {
  readonly first: Graph;
  readonly second: Graph;
}

/**
 * Takes the nodes out of a graph that can write over what they read (`Op.overwrites`). Each of them has nothing but `updates` (output -> held tensor) as outputs, and no other of them reads the
 * tensors that it writes, so their order does not matter. What else they read is made by the first graph, which so is all that can fail or be stopped. Undefined where what would be written has fewer bytes than `least`.
 */
export function splitUpdates(graph: Graph, updates: Readonly<Record<string, string>>, least: number): Split | undefined {
  const inputs = new Map(graph.inputs.map((value) => [value.name!, value]));
  const held = new Map(Object.entries(updates).map(([output, name]) => [output, inputs.get(name)]));
  const writers = writersOf(graph, held);
  const written = [...writers.values()].flat();
  const bytes = written.reduce((sum, { shape, dtype }) => sum + sizeOf(shape as readonly number[]) * dtypes[dtype].bytes, 0);
  if (writers.size === 0 || bytes < least) return undefined;

  const heldInputs = new Set(held.values());
  const passed = new Map<Value, Value>();
  for (const value of [...writers.keys()].flatMap(({ ins }) => ins))
    if (value && !value.data && !heldInputs.has(value) && !passed.has(value))
      passed.set(value, graphInput(`@passed/${passed.size}`, value.shape, value.dtype));

  const entries = Object.entries(graph.outputs);
  const isLater = ([, { node }]: readonly [string, Value]): boolean => node !== undefined && writers.has(node);
  const later = entries.filter(isLater);
  const made = rewrite(
    later.map(([, value]) => value),
    () => undefined,
    passed,
  );
  const first = {
    ...Object.fromEntries(entries.filter((entry) => !isLater(entry))),
    ...Object.fromEntries([...passed].map(([value, { name }]) => [name!, value])),
  };
  const second = Object.fromEntries(later.map(([name], i) => [name, made[i]!]));
  return {
    first: { ...graph, inputs: read(graph.inputs, first, heldInputs), outputs: first },
    second: { name: `${graph.name}_update`, inputs: read([...heldInputs, ...passed.values()], second), outputs: second },
  };
}

/** Those inputs that outputs need; with `only`, others stay in any case. */
function read(inputs: readonly (Value | undefined)[], outputs: Graph['outputs'], only?: ReadonlySet<Value | undefined>): Value[] {
  const given = Object.values(outputs);
  const needed = new Set([...given, ...toposort(given).flatMap(({ ins }) => ins)]);
  return inputs.filter(
    (value): value is Value => value !== undefined && (needed.has(value) || (only !== undefined && !only.has(value))),
  );
}

/** Nodes that can write over held tensors, and these tensors. */
function writersOf(graph: Graph, held: ReadonlyMap<string, Value | undefined>): Map<Node, readonly Value[]> {
  const readers = new Map<Value, Set<Node>>();
  for (const node of toposort(Object.values(graph.outputs)))
    for (const value of node.ins) if (value) readers.set(value, (readers.get(value) ?? new Set()).add(node));
  const namesOf = new Map<Value, string[]>();
  for (const [name, value] of Object.entries(graph.outputs)) namesOf.set(value, [...(namesOf.get(value) ?? []), name]);

  const targetsOf = (node: Node): readonly Value[] | undefined => {
    const targets = node.outs.map((out, i) => {
      const [name, ...others] = namesOf.get(out) ?? [];
      const target = name === undefined || others.length > 0 || readers.has(out) ? undefined : held.get(name);
      const same = target?.dtype === out.dtype && isStatic(out.shape) && sameShape(target.shape as readonly number[], out.shape);
      return same && node.op.overwrites?.(node, i, target) ? target : undefined;
    });
    const sizesKnown = node.ins.every((value) => !value || isStatic(value.shape));
    return sizesKnown && targets.every((target) => target !== undefined) ? (targets as readonly Value[]) : undefined;
  };
  const writers = new Map<Node, readonly Value[]>();
  for (const output of held.keys()) {
    const { node } = graph.outputs[output]!;
    const targets = node && targetsOf(node);
    if (targets) writers.set(node, targets);
  }
  for (const [node, targets] of [...writers])
    if (targets.some((target) => [...(readers.get(target) ?? [])].some((other) => other !== node && writers.has(other))))
      writers.delete(node);
  return writers;
}
