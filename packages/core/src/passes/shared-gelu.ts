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
  const known = new Set(toposort(given).flatMap((node) => (node.op === normalCumulativeOp.op && runs(node) ? node.ins : [])));
  if (known.size === 0) return graph;
  const made = new Map<Value, Value>();
  const cumulative = (x: Value): Value => {
    const y = made.get(x) ?? normalCumulative(x);
    made.set(x, y);
    return y;
  };
  const outputs = rewrite(given, ({ op, ins: before, attrs }, [x]) => {
    if (!known.has(before[0])) return undefined;
    if (op === normalCumulativeOp.op) return [cumulative(x!)];
    return op === geluOp.op && attrs['approximate'] === 'none' ? [mul(x!, cumulative(x!))] : undefined;
  });
  return withOutputs(graph, outputs);
}
