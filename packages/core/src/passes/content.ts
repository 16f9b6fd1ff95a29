// What makes two nodes the same: texts that are equal exactly where the things are.
import { type AttrValue, type Graph, type Op, toposort, type Value } from '../graph/index.ts';
import { bytesOf, dtypes, isTensor, type Tensor } from '../tensor/index.ts';

/** Constants up to so many bytes are compared by content; of larger ones comparing costs more than it saves. */
const compareUpTo = 1024;

/** Numbers things as they come: texts of numbers are short, whatever they stand for. */
class Numbers<T> {
  readonly #known = new Map<T, number>();

  of(thing: T): number {
    const known = this.#known.get(thing);
    if (known !== undefined) return known;
    this.#known.set(thing, this.#known.size);
    return this.#known.size - 1;
  }
}

/** Texts for nodes and values, comparable among all that one instance gave. Time and memory go with the size of what is asked about. */
export class Content {
  readonly #values = new Numbers<Value>();
  readonly #tensors = new Numbers<Tensor>();
  readonly #ops = new Numbers<Op>();
  readonly #graphs = new Numbers<string>();
  readonly #written = new Map<Graph, string>();

  /** Of a node on these inputs. */
  ofNode(op: Op, ins: readonly (Value | undefined)[], attrs: Readonly<Record<string, AttrValue | undefined>>): string {
    return this.#node(op, ins, attrs, (value) => this.ofValue(value));
  }

  /** Of a value: itself, or what a small constant without a name holds. A name may be a parameter's: such stay apart. */
  ofValue(value: Value): string {
    if (value.data && value.name === undefined) return this.#tensor(value.data);
    return `v${this.#values.of(value)}`;
  }

  #node(
    op: Op,
    ins: readonly (Value | undefined)[],
    attrs: Readonly<Record<string, AttrValue | undefined>>,
    write: (value: Value) => string,
  ): string {
    const given = Object.keys(op.attrs).map((name) => this.#attr(attrs[name]));
    return `${this.#ops.of(op)}(${ins.map((value) => (value ? write(value) : '-')).join()})${given.join(';')}`;
  }

  #attr(value: AttrValue | undefined): string {
    if (value === undefined) return '-';
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    if (typeof value === 'string') return JSON.stringify(value);
    if (Array.isArray(value)) return `[${(value as readonly (number | string)[]).map((one) => this.#attr(one)).join()}]`;
    return isTensor(value) ? this.#tensor(value) : `g${this.#graphs.of(this.#graph(value as Graph))}`;
  }

  #tensor(tensor: Tensor): string {
    const { dtype, shape, size } = tensor;
    if (dtype === 'string' || size * dtypes[dtype].bytes > compareUpTo) return `t${this.#tensors.of(tensor)}`;
    return `${dtype}[${shape.join()}]{${bytesOf(tensor).join()}}`;
  }

  /** Of a closed graph: the same for one that was built a second time. */
  #graph(graph: Graph): string {
    const known = this.#written.get(graph);
    if (known !== undefined) return known;
    const places = new Map<Value, string>();
    for (const [i, { dtype, shape }] of graph.inputs.entries())
      places.set(graph.inputs[i]!, `i${i}:${dtype}${JSON.stringify(shape)}`);
    const write = (value: Value): string => places.get(value) ?? this.ofValue(value);
    const nodes = toposort(Object.values(graph.outputs)).map(({ op, ins, attrs, outs }, n) => {
      const text = this.#node(op, ins, attrs, write);
      for (const [i, out] of outs.entries()) places.set(out, `n${n}.${i}`);
      return op.impure ? `${text}!${this.#values.of(outs[0]!)}` : text;
    });
    const outputs = Object.entries(graph.outputs).map(([name, value]) => `${JSON.stringify(name)}=${write(value)}`);
    const text = `${graph.captured ?? 0}|${graph.inputs.map(write).join()}|${nodes.join('|')}|${outputs.join()}`;
    this.#written.set(graph, text);
    return text;
  }
}
