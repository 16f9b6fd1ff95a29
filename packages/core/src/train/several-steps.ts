// Some steps of a training as one graph: what one step writes is what the next one reads, and nothing of it leaves the engine in between.
import { type Graph, graphInput, rewrite, type Value } from '../graph/index.ts';
import type { Tensors } from '../runtime/index.ts';
import type { Tensor } from '../tensor/index.ts';

/** What a step's feed, or what it measures, is called among those of several: the first step's names stay. */
export const nameInStep = (step: number, name: string): string => (step === 0 ? name : `@step/${step}/${name}`);

/** Feeds of steps that are one run. */
export const joinSteps = (steps: readonly Tensors[]): Tensors =>
  steps.length === 1
    ? steps[0]!
    : Object.fromEntries(
        steps.flatMap((feeds, step) => Object.entries(feeds).map(([name, tensor]) => [nameInStep(step, name), tensor])),
      );

/** What each of so many steps measured. */
export const stepsOf = (measured: Readonly<Record<string, Tensor>>, count: number): Readonly<Record<string, Tensor>>[] =>
  count === 1
    ? [measured]
    : Array.from({ length: count }, (_, step) =>
        Object.fromEntries(
          Object.keys(measured).flatMap((name) => {
            const inStep = measured[nameInStep(step, name)];
            return inStep ? [[name, inStep]] : [];
          }),
        ),
      );

/** How a graph is to be repeated. */
export interface Repeated {
  readonly count: number;
  /** Names of tensors that stay with the executor; other inputs are fed anew for each step. */
  readonly held: readonly string[];
}

/**
 * The steps of `graph` one after the other, `updates` (output -> held tensor) being what goes from one to the next. Nodes are those of the single step, so that results are
 * equal to its bits. What all steps measure is an output; what is held, that of the last one.
 */
export function severalSteps(graph: Graph, updates: Readonly<Record<string, string>>, { count, held }: Repeated): Graph {
  const stays = new Set(held);
  const fed = graph.inputs.filter(({ name }) => !stays.has(name!));
  const inputOf = new Map(graph.inputs.map((value) => [value.name!, value]));
  const names = Object.keys(graph.outputs);
  const given = Object.values(graph.outputs);
  const inputs = [...graph.inputs];
  const outputs: Record<string, Value> = {};
  let values = given;
  for (let step = 0; step < count; step++) {
    if (step > 0) {
      const replaced = new Map<Value, Value>();
      for (const [i, name] of names.entries()) {
        const tensor = inputOf.get(updates[name] ?? '');
        if (tensor) replaced.set(tensor, values[i]!);
      }
      for (const { name, shape, dtype } of fed) {
        const own = graphInput(nameInStep(step, name!), shape, dtype);
        replaced.set(inputOf.get(name!)!, own);
        inputs.push(own);
      }
      values = rewrite(given, () => undefined, replaced);
    }
    for (const [i, name] of names.entries()) if (!(name in updates)) outputs[nameInStep(step, name)] = values[i]!;
  }
  for (const [i, name] of names.entries()) if (name in updates) outputs[name] = values[i]!;
  return { ...graph, inputs, outputs };
}
