// What a Scan consists of.
import { fail } from '../errors.ts';
import type { Attrs, Graph, Value } from '../graph/index.ts';

/** How the steps lie in a value: on which axis, and 1 if the last comes first. */
export interface Steps {
  readonly axis: number;
  readonly direction: number;
}

/** The parts of a Scan by what they are. The body's inputs and the node's are in the same order: states, steps, captured. */
export interface ScanParts {
  readonly body: Graph;
  readonly results: readonly Value[];
  /** How many states, values read in steps, and captured values go in. Results are the states again, then what is stacked. */
  readonly states: number;
  readonly reads: readonly Steps[];
  readonly stacks: readonly Steps[];
}

/** ONNX's default is a list of zeros. */
export const unlessZero = (list: readonly number[]): readonly number[] | undefined =>
  list.some((n) => n !== 0) ? list : undefined;

const bad = (got: string, want: string): never => {
  throw fail('bad-value', { what: 'Scan', got, want });
};

/** How many inputs are read step by step. */
export function readCount(attrs: Attrs): number {
  const reads = attrs['num_scan_inputs'] as number | undefined;
  return reads && reads > 0 ? reads : bad(`${reads ?? 0} inputs that are read step by step`, 'at least one');
}

/** Takes a Scan apart. Says what is missing, as a file may hold anything. */
export function scanParts(count: number, attrs: Attrs): ScanParts {
  const body = attrs['body'] as Graph | undefined;
  if (!body) return bad('no body', 'a graph that is one step');
  const reads = readCount(attrs);
  const results = Object.values(body.outputs);
  const states = count - (body.captured ?? 0) - reads;
  if (states < 0 || results.length < states)
    return bad(
      `${count} inputs, ${reads} of them read step by step, ${body.captured ?? 0} captured, and ${results.length} results of a step`,
      'a result for every state',
    );
  if (body.inputs.length !== count) return bad(`a body with ${body.inputs.length} inputs`, `${count}, as many as the node has`);
  const steps = (name: string, length: number): Steps[] => {
    const list = (key: string): readonly number[] => (attrs[`scan_${name}_${key}`] as readonly number[] | undefined) ?? [];
    const [axes, directions] = [list('axes'), list('directions')];
    for (const given of [axes, directions])
      if (given.length > 0 && given.length !== length)
        bad(`${given.length} axes or directions`, `one for each ${name}: ${length}`);
    return Array.from({ length }, (_, i) => ({ axis: axes[i] ?? 0, direction: directions[i] ?? 0 }));
  };
  return { body, results, states, reads: steps('input', reads), stacks: steps('output', results.length - states) };
}

/** Everything about a Scan that is to be built, where the body's values may use any values around it. */
export interface ScanPlan {
  readonly states: readonly { readonly initial: Value; readonly inner: Value; readonly next: Value }[];
  readonly reads: readonly (Steps & { readonly all: Value; readonly inner: Value })[];
  readonly stacks: readonly (Steps & { readonly each: Value })[];
}
