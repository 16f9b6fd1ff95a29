// Some steps of a training as one graph: what one step writes is what the next one reads, and nothing of it leaves the engine in between.
import { type Graph, graphInput, rewrite, type Value } from '../graph/index.ts';
import type { Tensors } from '../runtime/index.ts';
import type { Tensor } from '../tensor/index.ts';

/** What a step's feed, or what it measures, is called among those of several: the first step's names stay. */
const nameInStep = (step: number, name: string): string => (step === 0 ? name : `@step/${step}/${name}`);

/** Names of several steps, put together once. */
export class StepNames {
  readonly #known: Map<string, string>[] = [];

  /** Feeds of steps that are one run. */
  join(steps: readonly Tensors[]): Tensors {
    if (steps.length === 1) return steps[0]!;
    const all: Record<string, Tensor> = {};
    for (const [step, feeds] of steps.entries()) for (const name in feeds) all[this.#name(step, name)] = feeds[name]!;
    return all;
  }

  /** What each of so many steps measured, by the names of a single one. */
  split(measured: Tensors, count: number): readonly Tensors[] {
    if (count === 1) return [measured];
    const names = Object.keys(measured).filter((name) => measured[this.#name(1, name)]);
    return Array.from({ length: count }, (_, step) => {
      const one: Record<string, Tensor> = {};
      for (const name of names) one[name] = measured[this.#name(step, name)]!;
      return one;
    });
  }

  #name(step: number, name: string): string {
    const names = (this.#known[step] ??= new Map<string, string>());
    let inStep = names.get(name);
    if (inStep === undefined) names.set(name, (inStep = nameInStep(step, name)));
    return inStep;
  }
}

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
