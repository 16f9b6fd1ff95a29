// What is done with a product element by element can be done while it is in the nearest cache: activations, masks, an optimizer's update.
import {
  apply,
  atPath,
  dependsOn,
  type Graph,
  type Node,
  type Runs,
  rewrite,
  toposort,
  type Value,
  withOutputs,
} from '../graph/index.ts';
import { elementwiseOp, type Instruction, instructionsOf, matrixProductOp, mostOperands, productProgram } from '../ops/index.ts';
import { type Shape, sameShape } from '../tensor/index.ts';

/** Who reads each value; undefined stands for the graph's own outputs. */
function readersOf(outputs: readonly Value[]): Map<Value, Set<Node | undefined>> {
  const readers = new Map<Value, Set<Node | undefined>>();
  const read = (value: Value, by: Node | undefined): void => {
    const known = readers.get(value);
    if (known) known.add(by);
    else readers.set(value, new Set([by]));
  };
  for (const node of toposort(outputs)) for (const value of node.ins) if (value) read(value, node);
  for (const value of outputs) read(value, undefined);
  return readers;
}

/** Like the product, or a row, a column or a number that is repeated: what the kernel reads. */
function spreads(shape: Shape, to: Shape): boolean {
  const alike = shape.length === to.length && shape.slice(0, -1).every((size, i) => size === to[i]);
  const last = shape.at(-1) ?? 1;
  return (
    (alike || (shape.length <= to.length && shape.slice(0, -1).every((size) => size === 1))) && (last === 1 || last === to.at(-1))
  );
}

/** What a node does element by element; undefined for one that does something else. */
function programOf({ op, ins, attrs }: Node): Instruction[] | undefined {
  if (op === elementwiseOp.op) return instructionsOf(attrs['program'] as string);
  if (!op.elementwise || ins.length > 2) return undefined;
  return [{ kind: op.elementwise, to: ins.length, from: ins.map((_, i) => i) }];
}

/** The product that goes into this node and nowhere else. */
function productInto(node: Node, readers: ReadonlyMap<Value, Set<Node | undefined>>): Value | undefined {
  const { ins, outs } = node;
  const floats = [...ins, ...outs].every((v) => v?.dtype === 'float32');
  if (!floats || !programOf(node)) return undefined;
  return ins.find(
    (v) =>
      v?.node?.op === matrixProductOp.op &&
      v.index === 0 &&
      readers.get(v)!.size === 1 &&
      sameShape(v.shape, outs[0]!.shape) &&
      ins.every((other) => spreads(other!.shape, v.shape)) &&
      (!v.node.ins[2] || spreads(v.node.ins[2].shape, v.shape)),
  );
}

/** Both as one node; undefined where the program gets more operands than it may have. */
function joined(product: Node, node: Node, ins: Node['ins'], sums: boolean): readonly Value[] | undefined {
  const [a, b, c] = product.ins as readonly [Value, Value, Value | undefined];
  const [y] = product.outs;
  const others = [...new Set([...ins, c].filter((v): v is Value => v !== undefined && v !== y))];
  const program = programOf(node)!;
  const inputs = 1 + others.length;
  const most = Math.max(...program.flatMap(({ to, from }) => [to, ...from])) + inputs - ins.length;
  // What is added to the product comes first.
  const first = c ? most + 1 : 0;
  if (first >= mostOperands || most >= mostOperands) return undefined;
  const operand = (k: number): number =>
    k >= ins.length ? k + inputs - ins.length : ins[k] === y ? first : 1 + others.indexOf(ins[k]!);
  const added: Instruction[] = c ? [{ kind: 'add', to: first, from: [0, 1 + others.indexOf(c)] }] : [];
  const moved = program.map(({ kind, to, from }) => ({ kind, to: operand(to), from: from.map(operand) }));
  const { turned_left, turned_right } = product.attrs;
  return productProgram({ a, b, others }, [...added, ...moved], {
    left: turned_left === 1,
    right: turned_right === 1,
    outputs: node.outs.length,
    sums,
  });
}

/**
 * Lets elementwise programs that follow a product, and are its only reader, run where it is made: neither the gradient of a kernel nor what an activation
 * is applied to is written to memory. For graphs that {@link matrixProducts} and {@link fuseElementwise} went over.
 *
 * Shapes: inputs and outputs are the same.
 * @internal
 */
export function productPrograms(graph: Graph, runs: Runs): Graph {
  const outputs = Object.values(graph.outputs);
  const readers = readersOf(outputs);
  const nodes = toposort(outputs);
  // Who reads the sums of a product would wait for all that its program reads: none of that may wait for sums.
  const late = dependsOn(nodes.flatMap(({ op, outs }) => (op === matrixProductOp.op && readers.has(outs[1]!) ? [outs[1]!] : [])));
  const products = new Map<Node, readonly Value[]>();
  const moved = new Map<Value, Value>();
  const after = rewrite(outputs, (node, ins) => {
    if (node.op === matrixProductOp.op) {
      const outs = ins.every((v, i) => v === node.ins[i]) ? node.outs : apply(node.op, ins, node.attrs);
      products.set(node, outs);
      return outs;
    }
    const y = productInto(node, readers);
    if (!y) return undefined;
    const sums = readers.has(y.node!.outs[1]!);
    if (sums && [...y.node!.ins, ...node.ins].some((v) => v && late(v))) return undefined;
    const product = products.get(y.node!)!;
    // Most of the work is the product's: a profile counts it where that belongs.
    const made = atPath(product[0]!.node!.path, () => joined(product[0]!.node!, node, ins, sums));
    if (!made || !runs(made[0]!.node!)) return undefined;
    if (sums) moved.set(product[1]!, made.at(-1)!);
    return made.slice(0, node.outs.length);
  });
  return withOutputs(graph, moved.size > 0 ? rewrite(after, () => undefined, moved) : after);
}
