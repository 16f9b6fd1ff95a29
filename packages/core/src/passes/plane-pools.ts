// A max pool, what makes its result 0 where that is below, and the gradients of both go over the same memory.
import { type Graph, type Node, type Runs, rewrite, toposort, type Value, withOutputs } from '../graph/index.ts';
import {
  asPlaneMaxPool,
  castOp,
  greaterOp,
  maxPoolGradientOp,
  maxPoolOp,
  mulOp,
  type PlanePool,
  planeMaxPool,
  planeMaxPoolOp,
  reluOp,
} from '../ops/index.ts';

const isZero = ({ data, shape }: Value): boolean => data !== undefined && shape.length === 0 && Number(data.data[0]) === 0;

/** What a gradient of this pool is before it passes only where the pool's rectified result is above 0; undefined where it is something else. */
function beforeMask(x: Value, dy: Value, windows: PlanePool): Value | undefined {
  if (dy.node?.op !== mulOp.op) return undefined;
  const [first, second] = dy.node.ins as readonly [Value, Value];
  const masks = (mask: Value): boolean => {
    const above = mask.node?.op === castOp.op ? mask.node.ins[0]!.node : undefined;
    if (above?.op !== greaterOp.op || !isZero(above.ins[1]!)) return false;
    const pool = above.ins[0]!.node;
    return pool?.op === planeMaxPoolOp.op && pool.ins[0] === x && sameWindows(pool.attrs, { ...windows, rectified: 1 });
  };
  return masks(second) ? first : masks(first) ? second : undefined;
}

const sameWindows = (a: Node['attrs'], b: PlanePool): boolean =>
  Object.keys(planeMaxPoolOp.op.attrs).every((name) => a[name] === b[name as keyof PlanePool]);

/** Values that exactly one node reads. */
function readOnce(outputs: readonly Value[]): (value: Value) => boolean {
  const counts = new Map<Value, number>();
  const read = (value: Value | undefined): void => void (value && counts.set(value, (counts.get(value) ?? 0) + 1));
  for (const { ins } of toposort(outputs)) ins.forEach(read);
  outputs.forEach(read);
  return (value) => counts.get(value) === 1;
}

/**
 * Lets max pools of images run in a kernel of our own, if the engine has it: with a ReLU that follows, and the gradient with that of the ReLU.
 *
 * Shapes: inputs and outputs are the same.
 * @internal
 */
export function planePools(graph: Graph, runs: Runs): Graph {
  const given = Object.values(graph.outputs);
  const all = toposort(given);
  const isOnce = readOnce(given);
  const positions = new Set(all.flatMap(({ op, outs }) => (op === maxPoolOp.op ? [outs[1]!] : [])));
  const read = new Set([...all.flatMap(({ ins }) => ins), ...given].filter((value) => value && positions.has(value)));
  const outputs = rewrite(given, (node, ins) => {
    const [x, dy] = ins as readonly [Value, Value];
    if (node.op === maxPoolOp.op && !read.has(node.outs[1]!)) {
      const y = asPlaneMaxPool(node, x);
      return y && runs(y.node!) ? [y, node.outs[1]!] : undefined;
    }
    const pool = node.op === reluOp.op && isOnce(node.ins[0]!) ? x.node : undefined;
    if (pool?.op === planeMaxPoolOp.op && !pool.attrs['rectified'])
      return [planeMaxPool(pool.ins[0]!, { ...(pool.attrs as unknown as PlanePool), rectified: 1 })];
    if (node.op !== maxPoolGradientOp.op) return undefined;
    const windows = node.attrs as unknown as PlanePool;
    const before = windows.rectified ? undefined : beforeMask(x, dy, windows);
    return before && [maxPoolGradientOp({ x, dy: before }, { ...windows, rectified: 1 }).dx];
  });
  return withOutputs(graph, outputs);
}
