// The engine's GELU goes over memory by itself, and what its slope has in common with it is calculated again for the way back.
import { type Graph, type Runs, rewrite, toposort, type Value, withOutputs } from '../graph/index.ts';
import { geluOp, mul, normalCumulative, normalCumulativeOp } from '../ops/index.ts';

/**
 * A GELU whose slope is wanted as well shares the normal distribution with it, where the engine has a kernel for that: `y = x Φ(x)`, and
 * `y' = Φ(x) + x φ(x)` can be calculated in the same pass over memory.
 *
 * Shapes: inputs and outputs are the same. Values: the same but for rounding.
 * @internal
 */
export function sharedGelu(graph: Graph, runs: Runs): Graph {
  const given = Object.values(graph.outputs);
  const slopes = toposort(given).filter((node) => node.op === normalCumulativeOp.op && runs(node));
  if (slopes.length === 0) return graph;
  // Every GELU of a training, also one that is calculated a second time to save memory: both times must give the same bits.
  const dtypes = new Set(slopes.map(({ ins: [x] }) => x!.dtype));
  const made = new Map<Value, Value>();
  const cumulative = (x: Value): Value => {
    const y = made.get(x) ?? normalCumulative(x);
    made.set(x, y);
    return y;
  };
  const outputs = rewrite(given, ({ op, attrs }, [x]) => {
    if (!x || !dtypes.has(x.dtype)) return undefined;
    if (op === normalCumulativeOp.op) return [cumulative(x)];
    return op === geluOp.op && attrs['approximate'] === 'none' ? [mul(x, cumulative(x))] : undefined;
  });
  return withOutputs(graph, outputs);
}
