// ONNX Runtime multiplies by matrices that are constants fast; in training they are not, and batches are small.
import { dependsOn, type Graph, type Node, type Runs, rewrite, toposort, type Value, withOutputs } from '../graph/index.ts';
import { gemmOp, matMulOp, matrixProduct, matrixProductOp, reduceSumOp, transposeOp } from '../ops/index.ts';
import { dimsDiffer, type Shape } from '../tensor/index.ts';

/** Fewer columns would leave most of a vector's lanes empty. */
const leastColumns = 12;

/** A matrix that is read turned over instead of being written so. */
const unturned = (x: Value): readonly [matrix: Value, turned: boolean] =>
  x.node?.op === transposeOp.op && x.shape.length === 2 ? [x.node.ins[0]!, true] : [x, false];

/** Two sizes that are known only at run time are equal, or it would be an error; a number and such a size may be one row that is spread. */
const isEqual = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i] || (typeof size === typeof b[i] && !dimsDiffer(size, b[i]!)));

/** The same product as a kernel of our own does it; undefined where there is none, or the engine's is as good. */
function own({ op, attrs }: Node, ins: Node['ins'], runs: Runs): Value | undefined {
  const [a, b, c] = ins as readonly [Value, Value, Value | undefined];
  const columns = op === gemmOp.op && attrs['transB'] ? b?.shape[0] : b?.shape.at(-1);
  if ((op !== gemmOp.op && op !== matMulOp.op) || b.shape.length !== 2 || b.data || a.shape.length < 2) return undefined;
  if (typeof columns !== 'number' || columns < leastColumns) return undefined;
  if (op === gemmOp.op && (attrs['alpha'] !== 1 || (c && attrs['beta'] !== 1))) return undefined;
  const [left, isLeft] = unturned(a);
  const [right, isRight] = unturned(b);
  const turned = { left: isLeft !== (attrs['transA'] === 1), right: isRight !== (attrs['transB'] === 1) };
  if (turned.left && left.shape.length > 2) return undefined;
  if (c && !isEqual(c.shape, [columns]) && !isEqual(c.shape, op.infer(ins, attrs)[0]!.shape)) return undefined; // what is spread otherwise
  const y = matrixProduct({ a: left, b: right, c }, turned);
  return runs(y.node!) ? y : undefined;
}

/** Sums of a matrix' columns where a product reads that matrix as its right side: as a bias' gradient beside that of the kernel. */
function summed(outputs: readonly Value[]): readonly Value[] {
  const nodes = toposort(outputs);
  const reading = new Map(
    nodes.flatMap((node) =>
      node.op === matrixProductOp.op && !node.attrs['turned_right'] ? [[node.ins[1]!, node] as const] : [],
    ),
  );
  const sums = nodes.filter(({ op, ins, outs: [sum] }) => {
    const [x, axes] = ins;
    const ofColumns = op === reduceSumOp.op && x?.shape.length === 2 && sum!.shape.length === 1 && axes?.data;
    return ofColumns && axes.data.size === 1 && Number(axes.data.data[0]) === 0 && reading.has(x);
  });
  const waits = dependsOn(sums.map(({ outs }) => outs[0]!));
  const instead = sums.flatMap(({ ins, outs }) => {
    const product = reading.get(ins[0]!)!;
    return product.ins.some((v) => v && waits(v)) ? [] : [[outs[0]!, product.outs[1]!] as const];
  });
  return instead.length > 0 ? rewrite(outputs, () => undefined, new Map(instead)) : outputs;
}

/**
 * Lets products with matrices that are no constants run in a kernel of our own, if the engine has it, and sum the columns of what they read on the way.
 *
 * Shapes: inputs and outputs are the same.
 * @internal
 */
export function matrixProducts(graph: Graph, runs: Runs): Graph {
  const outputs = rewrite(Object.values(graph.outputs), (node, ins) => {
    const y = own(node, ins, runs);
    return y && [y];
  });
  return withOutputs(graph, summed(outputs));
}
