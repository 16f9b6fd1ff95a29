import { dtypes, isFloat } from '../tensor/index.ts';
import { dependsOn } from './depends-on.ts';
import { atPath } from './scope.ts';
import { substitute } from './substitute.ts';
import { constant, type Graph, toposort, type Value } from './value.ts';

/** Constants of up to so many bytes are repeated inside of a graph rather than captured. */
const repeatUpTo = 256;

/**
 * What stands for a value in a graph inside of its graph: an input, which is to be captured. Small constants are repeated: shape rules may
 * need the numbers. But what has a name may be a parameter, and has to stay one value that can be exchanged.
 */
export function standIn(value: Value, name: string): Value {
  const { dtype, shape, dims, data } = value;
  const small = data && (dtype === 'string' || data.size * dtypes[dtype].bytes <= repeatUpTo);
  if (small && (value.name === undefined || !isFloat(dtype))) return value.name === undefined ? value : constant(data);
  return { dtype, shape, ...(dims && { dims }), index: 0, name };
}

/** A graph for an attribute, and the values of the graph around it that its last inputs take. */
export interface Closure {
  readonly graph: Graph;
  readonly captured: readonly Value[];
}

/**
 * Closes a graph that was written among values of another one: what `outputs` need of that becomes captured inputs. Whatever
 * does not depend on `inputs` stays outside, so that a loop does not calculate it again and again.
 */
export function closeGraph(name: string, inputs: readonly Value[], outputs: Readonly<Record<string, Value>>): Closure {
  const results = Object.values(outputs);
  const inside = dependsOn(inputs);
  const replaced = new Map<Value, Value>();
  const captured: Value[] = [];
  const meet = (value: Value): void => {
    if (inside(value) || replaced.has(value)) return;
    const inner = standIn(value, `captured_${captured.length}`);
    replaced.set(value, inner);
    if (!inner.data) captured.push(value);
  };
  for (const { ins, outs } of toposort(results)) if (outs.some(inside)) for (const value of ins) if (value) meet(value);
  for (const value of results) meet(value);
  const closed = atPath('', () => substitute(results, replaced));
  return {
    graph: {
      name,
      inputs: [...inputs, ...captured.map((value) => replaced.get(value)!)],
      captured: captured.length,
      outputs: Object.fromEntries(Object.keys(outputs).map((key, i) => [key, closed[i]!])),
    },
    captured,
  };
}
