// What the way back needs of the way forward: kept since then, or calculated again.
import { apply, type Node, type Op, type Value } from '../graph/index.ts';
import { cast, concat, reshape, shapeOf, slice } from '../ops/index.ts';

/** Tells the part of the calculation to which a node belongs whose results are not kept for the way back. Undefined: they are. */
export type Parts = (node: Node) => string | undefined;

/**
 * The same tensor, but only once `shape` is there. Reshape to ONNX, which copies nothing; that it changes nothing is what the engine
 * must not find out, or it would take what was calculated before instead of calculating again.
 */
const onceKnown: Op = {
  type: 'Reshape',
  domain: '',
  since: 21,
  attrs: { allowzero: { kind: 'int' } },
  infer: ([data]) => [{ dtype: data!.dtype, shape: data!.shape }],
  gradient: ({ douts }) => [douts[0]!, null],
};

/** No numbers at all, but not before `late` is there. */
const nothingOf = (late: Value): Value => cast(slice(reshape(late, [-1]), { starts: [0], ends: [0] }), 'int64');

/** A part, and what is known of it in its second calculation. */
interface Part {
  readonly nodes: Node[];
  /** Second results by first ones; undefined until the way back comes here. */
  again?: ReadonlyMap<Value, Value>;
}

/** Gives nodes what they read and gave, on the way back: from a second calculation of their part, but for what is read outside of it. */
export class Recomputed {
  readonly #partOf = new Map<Node, Part>();
  /** What other parts read, so that it is kept in any case. */
  readonly #kept: Set<Value>;
  readonly #plain: ReadonlySet<Value>;

  /** `order`: the calculation; `results`: what is read of it elsewhere; `plain`: what is at hand all the time. */
  constructor(
    parts: Parts,
    {
      order,
      results,
      plain,
    }: { readonly order: readonly Node[]; readonly results: readonly Value[]; readonly plain: readonly Value[] },
  ) {
    const byName = new Map<string, Part>();
    for (const node of order) {
      const name = node.op.impure ? undefined : parts(node);
      if (name === undefined) continue;
      const part = byName.get(name) ?? { nodes: [] };
      byName.set(name, part);
      part.nodes.push(node);
      this.#partOf.set(node, part);
    }
    this.#plain = new Set(plain);
    this.#kept = new Set(results);
    for (const node of order)
      for (const value of node.ins)
        if (value?.node && this.#partOf.get(value.node) !== this.#partOf.get(node)) this.#kept.add(value);
  }

  /** Inputs and outputs of a node on the way back, where `late` is the first of its gradients. */
  of(node: Node, late: Value): Pick<Node, 'ins' | 'outs'> {
    const part = this.#partOf.get(node);
    if (!part) return node;
    // The first node that is met on the way back is the last of its part: nothing of it is needed before.
    const again = (part.again ??= this.#calculate(part, late));
    const now = (value: Value): Value => (this.#kept.has(value) ? value : (again.get(value) ?? value));
    return { ins: node.ins.map((value) => value && now(value)), outs: node.outs.map(now) };
  }

  #calculate({ nodes }: Part, late: Value): ReadonlyMap<Value, Value> {
    const again = new Map<Value, Value>();
    const waited = new Map<Value, Value>();
    const nothing = nothingOf(late);
    const wait = (value: Value): Value => {
      const known = waited.get(value) ?? apply(onceKnown, [value, concat([shapeOf(value), nothing])], { allowzero: 1 })[0]!;
      waited.set(value, known);
      return known;
    };
    for (const { op, ins, attrs, outs } of nodes) {
      const now = ins.map((value) => {
        if (!value || value.data || this.#plain.has(value)) return value;
        return (this.#kept.has(value) ? undefined : again.get(value)) ?? wait(value);
      });
      for (const [i, value] of apply(op, now, attrs).entries()) again.set(outs[i]!, value);
    }
    return again;
  }
}
