import { rewrite } from './rewrite.ts';
import { apply, type Graph, type Node, toposort, type Value } from './value.ts';
import { withOutputs } from './with-outputs.ts';

/** Says of a node whether whoever runs the graph has a kernel for it. */
export type Runs = (node: Node) => boolean;

/** What every ONNX tool runs: ops that only Stratus knows are written in others. */
export const portable: Runs = ({ op }) => op.domain !== ownDomain;

/** The domain of ops that are no ONNX ops. Each of them has an `expand`. */
export const ownDomain = 'stratus';

/** How often what an op was expanded into may have to be expanded itself. */
const mostRounds = 16;

/**
 * The same graph without nodes that cannot be run: each becomes what its op's `expand` makes of it. A node whose op has none stays, and is
 * the engine's to refuse. Graphs inside of nodes are expanded as well. Gives `graph` itself where nothing has to be.
 */
export function expandGraph(graph: Graph, runs: Runs): Graph {
  let outputs: readonly Value[] = Object.values(graph.outputs);
  for (let round = 0; round < mostRounds; round++) {
    if (!toposort(outputs).some((node) => changes(node, runs))) break;
    const before = outputs;
    outputs = rewrite(outputs, (node, ins) => {
      const made = runs(node) ? undefined : node.op.expand?.(ins, node.attrs, runs);
      if (made) return made;
      const attrs = expandInside(node, runs);
      return attrs === node.attrs ? undefined : apply(node.op, ins, attrs);
    });
    if (outputs.every((value, i) => value === before[i])) break;
  }
  return withOutputs(graph, outputs);
}

const changes = (node: Node, runs: Runs): boolean =>
  (node.op.expand !== undefined && !runs(node)) || expandInside(node, runs) !== node.attrs;

function expandInside(node: Node, runs: Runs): Node['attrs'] {
  let { attrs } = node;
  for (const [name, { kind }] of Object.entries(node.op.attrs)) {
    const inner = attrs[name] as Graph | undefined;
    if (kind !== 'graph' || !inner) continue;
    const expanded = expandGraph(inner, runs);
    if (expanded !== inner) attrs = { ...attrs, [name]: expanded };
  }
  return attrs;
}
