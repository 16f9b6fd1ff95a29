// The engine does not notice every axis that is shorter than the windows on it: a pool of 2 over one element gives that element.
import { fail } from '../errors.ts';
import { type Graph, type LeastSize, toposort } from '../graph/index.ts';
import type { Program, Tensors } from '../runtime/index.ts';
import { sizeAt } from '../tensor/index.ts';

interface Required extends LeastSize {
  /** The layer that asks for it. */
  readonly at: string;
}

/** What the ops of a graph ask of sizes that only run time knows: of each size the most, in the order of the graph. */
function requiredSizes(graph: Graph): Required[] {
  const found = new Map<string, Required>();
  for (const { op, ins, attrs, path: at } of toposort(Object.values(graph.outputs)))
    for (const { size, least } of op.least?.(ins, attrs) ?? [])
      if ((found.get(size)?.least ?? 0) < least) found.set(size, { size, least, at });
  return [...found.values()];
}

/** The same program; each run makes sure first that what is fed is long enough. Errors of `run`: `shape-mismatch`, naming the layer. */
export function checkingSizes(program: Program, graph: Graph): Program {
  const required = requiredSizes(graph);
  if (required.length === 0) return program;
  const check = (feeds: Tensors): void => {
    const known = new Map<string, number>();
    for (const { name, shape } of graph.inputs)
      for (const [axis, size] of (feeds[name!]?.shape ?? []).entries())
        if (typeof shape[axis] === 'string') known.set(shape[axis], size);
    for (const one of required) {
      const got = sizeAt(one.size, known);
      if (got !== undefined && got < one.least) throw tooShort(one, got);
    }
  };
  return {
    inputs: program.inputs,
    outputs: program.outputs,
    async run(feeds, options) {
      check(feeds);
      return program.run(feeds, options);
    },
    ...(program.endProfiling && { endProfiling: program.endProfiling }),
    release: () => program.release(),
  };
}

const tooShort = ({ size, least, at }: Required, got: number) =>
  fail('shape-mismatch', {
    what: 'input',
    at,
    got: `${Math.max(0, got)} elements on an axis (${size})`,
    want: `at least ${least}, or the windows on it do not fit`,
    fix: "Give longer sequences or larger images, or pad them; or make the windows smaller, or use padding 'same'.",
  });
