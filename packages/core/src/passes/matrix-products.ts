// ONNX Runtime multiplies by matrices that are constants fast; in training they are not, and batches are small.
import { type Graph, type Node, type Runs, rewrite, type Value, withOutputs } from '../graph/index.ts';
import { gemmOp, matMulOp, matrixProduct, transposeOp } from '../ops/index.ts';
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

/**
 * Lets products with matrices that are no constants run in a kernel of our own, if the engine has it.
 *
 * Shapes: inputs and outputs are the same.
 * @internal
 */
export function matrixProducts(graph: Graph, runs: Runs): Graph {
  const outputs = rewrite(Object.values(graph.outputs), (node, ins) => {
    const y = own(node, ins, runs);
    return y && [y];
  });
  return withOutputs(graph, outputs);
}
