// A convolution's result that is pooled at once is four times what is left of it, and it would be written, read for the pool and read again for its gradient.
import { type Graph, type Node, type Runs, rewrite, toposort, type Value, withOutputs } from '../graph/index.ts';
import {
  maxPoolGradientOp,
  type PooledWindows,
  planeConvolutionOp,
  planeMaxPoolOp,
  pooledConvolution,
  pooledGradientOp,
} from '../ops/index.ts';
import { isStatic } from '../tensor/index.ts';

const two = {
  tall: 2,
  wide: 2,
  down: 2,
  across: 2,
  apart_down: 1,
  apart_across: 1,
  top: 0,
  left: 0,
  bottom: 0,
  right: 0,
  ceil_mode: 0,
};

/** True for windows of two by two that neither overlap nor hang over. */
const inPairs = ({ attrs }: Node): boolean => Object.entries(two).every(([name, value]) => attrs[name] === value);

/** Who reads a value; undefined stands for the graph's outputs. */
function readersOf(graph: Graph): Map<Value, (Node | undefined)[]> {
  const readers = new Map<Value, (Node | undefined)[]>();
  const read = (value: Value | undefined, by: Node | undefined): void => {
    if (value) readers.set(value, [...(readers.get(value) ?? []), by]);
  };
  const outputs = Object.values(graph.outputs);
  for (const node of toposort(outputs)) for (const value of node.ins) read(value, node);
  for (const value of outputs) read(value, undefined);
  return readers;
}

/** The one pool that alone reads what a convolution gives, besides the gradient of that pool. */
function poolOf({ op, attrs, outs }: Node, readers: ReadonlyMap<Value, (Node | undefined)[]>): Node | undefined {
  const [y] = outs as [Value];
  if (op !== planeConvolutionOp.op || attrs['turned'] || !isStatic(y.shape.slice(2))) return undefined;
  const by = readers.get(y) ?? [];
  const [pool, ...others] = by.filter((node) => node?.op === planeMaxPoolOp.op);
  if (!pool || others.length > 0 || !inPairs(pool)) return undefined;
  const isGradient = (node: Node | undefined): boolean =>
    node?.op === maxPoolGradientOp.op &&
    node.ins[0] === y &&
    node.ins[1] !== y &&
    inPairs(node) &&
    node.attrs['rectified'] === pool.attrs['rectified'];
  return by.every((node) => node === pool || isGradient(node)) ? pool : undefined;
}

/**
 * Lets a convolution and the max pool of two by two after it run as one, if the engine has the kernel: what the pool leaves is written, with a byte that says which of the
 * four it was, and the gradient of the pool is made of these bytes.
 *
 * Shapes: inputs and outputs are the same.
 * @internal
 */
export function pooledConvolutions(graph: Graph, runs: Runs): Graph {
  const readers = readersOf(graph);
  const made = new Map<Node, ReturnType<typeof pooledConvolution>>();
  const outputs = rewrite(Object.values(graph.outputs), (node, ins) => {
    if (node.op !== planeMaxPoolOp.op && node.op !== maxPoolGradientOp.op) return undefined;
    const whole = node.ins[0]!;
    const pool = whole.node && poolOf(whole.node, readers);
    if (!pool) return undefined;
    const { ins: from, attrs } = ins[0]!.node!; // the convolution, of what its inputs have become
    const windows: PooledWindows = { ...(attrs as unknown as PooledWindows), rectified: pool.attrs['rectified'] as number };
    const fused = made.get(whole.node!) ?? pooledConvolution(from[0]!, from[1]!, from[2], windows);
    if (!runs(fused.y.node!)) return undefined;
    made.set(whole.node!, fused);
    if (node.op === planeMaxPoolOp.op) return [fused.y];
    const [height, width] = whole.shape.slice(2) as readonly number[];
    return [pooledGradientOp({ dy: ins[1]!, which: fused.which }, { height, width }).dx];
  });
  return withOutputs(graph, outputs);
}
