// What is calculated twice, and what calculates nothing.
import {
  type Attrs,
  type AttrValue,
  apply,
  constant,
  type Graph,
  type Node,
  rewrite,
  toposort,
  type Value,
} from '../graph/index.ts';
import { isStatic, sizeAt, type Tensor, tensor } from '../tensor/index.ts';
import { Content } from './content.ts';

/** What was met so far. Graphs inside of nodes share it with the graph around them, as several of them may be made of the same values. */
class Met {
  readonly #content = new Content();
  readonly #nodes = new Map<string, readonly Value[]>();
  readonly #sizes = new Map<string, Value>();
  /** Sizes that whoever feeds the graph gives: the same everywhere in it. */
  readonly #given: ReadonlyMap<string, number>;

  constructor({ inputs }: Graph) {
    this.#given = new Map(inputs.flatMap(({ shape }) => shape.filter((d) => typeof d === 'string').map((d) => [d, 1])));
  }

  /** `within` stands before the texts of all nodes: no graph may read values of another one. */
  simplified(graph: Graph, within: string): Graph {
    const before = Object.values(graph.outputs);
    const sizes = within === '' ? earliestSizes(before) : [];
    const after = rewrite([...sizes, ...before], (node, ins) => this.#instead(node, ins, within)).slice(sizes.length);
    if (after.every((value, i) => value === before[i])) return graph;
    return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, after[i]!])) };
  }

  #instead({ op, ins: before, attrs: given, outs }: Node, ins: Node['ins'], within: string): readonly Value[] {
    const attrs = this.#inside(given);
    const simple = op.simplify?.(ins, attrs);
    if (simple) return [this.#first(simple, within)];
    const made = (): readonly Value[] => {
      const same = attrs === given && ins.every((value, i) => value === before[i]);
      return (same ? outs : apply(op, ins, attrs)).map((value) => (within === '' ? this.#size(value) : value));
    };
    if (op.impure) return made();
    const key = within + this.#content.ofNode(op, ins, attrs);
    const known = this.#nodes.get(key) ?? made();
    this.#nodes.set(key, known);
    return known;
  }

  /** The value that stands for this one, which an op says is simpler than its own result. */
  #first(value: Value, within: string): Value {
    if (!value.node || value.node.op.impure) return value;
    const { op, ins, attrs, outs } = value.node;
    const key = within + this.#content.ofNode(op, ins, attrs);
    const known = this.#nodes.get(key) ?? outs;
    this.#nodes.set(key, known);
    return known[value.index]!;
  }

  /** Attributes with graphs in them simplified. A loop forward and the one of its gradient are joined later by what their bodies share. */
  #inside(attrs: Attrs): Attrs {
    const graphs = Object.entries(attrs).filter((entry): entry is [string, Graph] => isGraph(entry[1]));
    const simple = graphs.map(([name, graph]) => {
      const scope = this.#content.ofValue(graph.inputs[0] ?? Object.values(graph.outputs)[0]!);
      return [name, this.simplified(graph, `${scope}:`)] as const;
    });
    return simple.every(([, graph], i) => graph === graphs[i]![1]) ? attrs : { ...attrs, ...Object.fromEntries(simple) };
  }

  /** Of a list of sizes: the numbers where they are known, else the first value that holds them. */
  #size(value: Value): Value {
    const { dims, dtype, shape } = value;
    if (!dims || !(dtype in listed)) return value;
    if (isStatic(dims)) return constant(listed[dtype as keyof typeof listed](dims).reshape([...(shape as readonly number[])]));
    if (dims.some((d) => sizeAt(d, this.#given) === undefined)) return value;
    const key = JSON.stringify([dtype, shape, dims]);
    const known = this.#sizes.get(key) ?? value;
    this.#sizes.set(key, known);
    return known;
  }
}

/**
 * Lists of sizes, those that the least has to be calculated for first. Whoever wants to know a size would wait for where it is read, and an engine
 * that calculates what is needed next would leave other things until then, in memory.
 */
function earliestSizes(outputs: readonly Value[]): Value[] {
  const depth = new Map<Node, number>();
  for (const node of toposort(outputs))
    depth.set(node, 1 + node.ins.reduce((most, value) => Math.max(most, (value?.node && depth.get(value.node)) ?? 0), 0));
  const sizes = [...depth].filter(([{ outs }]) => outs.some(({ dims }) => dims));
  return sizes.sort(([, a], [, b]) => a - b).flatMap(([{ outs }]) => outs);
}

const listed = {
  int32: (dims: readonly number[]): Tensor => tensor(Int32Array.from(dims)),
  int64: (dims: readonly number[]): Tensor => tensor(BigInt64Array.from(dims, BigInt)),
};

const isGraph = (value: AttrValue | undefined): boolean => typeof value === 'object' && 'outputs' in value && 'inputs' in value;

/**
 * The same calculation without what is calculated twice (nodes of one op with equal inputs and attributes become one, unless the op is
 * `impure`), without what its op says calculates nothing (`simplify`), and with sizes as constants where they are known. Results are equal
 * to the last bit. Graphs in attributes are simplified as well. A graph in which there is nothing to do comes back as it is.
 *
 * Takes time in proportion to the size of the graph. Source: Cocke, Global Common Subexpression Elimination (1970); Alpern, Wegman and
 * Zadeck, Detecting Equality of Variables in Programs (1988).
 * @internal
 */
export const simplify = (graph: Graph): Graph => new Met(graph).simplified(graph, '');
