import { checkGraph, type Graph } from '../graph/index.ts';
import { exportGraph } from '../onnx/index.ts';
import { blockConvolutions, hasBlockableConvolutions } from '../passes/index.ts';
import type { Executor, Program } from '../runtime/index.ts';
import { channelBlock } from './channel-block.ts';

/** A program, and what is known about the graph that it runs. */
export interface Ready<G> {
  readonly program: Program;
  readonly graph: G;
}

/** The programs of one model, compiled when first asked for. */
export class Programs {
  readonly #executor: () => Promise<Executor>;
  readonly #known = new Map<string, Promise<Ready<unknown>>>();

  constructor(executor: () => Promise<Executor>) {
    this.#executor = executor;
  }

  /** The program of this name, made of the graph that `make` gives if there is none yet. */
  get<G extends { readonly graph: Graph }>(name: string, make: () => G): Promise<Ready<G>> {
    const known = this.#known.get(name) as Promise<Ready<G>> | undefined;
    if (known) return known;
    const ready = this.#compile(make);
    this.#known.set(name, ready);
    ready.catch(() => this.#known.delete(name));
    return ready;
  }

  /** Frees all of them, after the runs that were called before. */
  async release(): Promise<void> {
    const all = await Promise.allSettled(this.#known.values());
    this.#known.clear();
    for (const ready of all) if (ready.status === 'fulfilled') await ready.value.program.release();
  }

  async #compile<G extends { readonly graph: Graph }>(make: () => G): Promise<Ready<G>> {
    const made = make();
    checkGraph(made.graph);
    const executor = await this.#executor();
    return { program: await executor.compile(exportGraph(await suited(made.graph, executor))), graph: made };
  }
}

/** The same graph in the form that the executor runs fastest. */
async function suited(graph: Graph, executor: Executor): Promise<Graph> {
  if (!executor.channelBlocks?.some((block) => hasBlockableConvolutions(graph, block))) return graph;
  const block = await channelBlock(executor);
  return block === undefined ? graph : blockConvolutions(graph, block);
}
