import { fail } from '../errors.ts';
import { checkGraph, expandGraph, type Graph, joinGraph, type Node, portable, type Runs } from '../graph/index.ts';
import { exportGraph } from '../onnx/index.ts';
import {
  blockConvolutions,
  fuseElementwise,
  matrixProducts,
  planeConvolutions,
  planePools,
  pooledConvolutions,
  productPrograms,
  sharedGelu,
  simplify,
} from '../passes/index.ts';
import { type Executor, needRowUpdates, type Program, type RowUpdate } from '../runtime/index.ts';
import { channelBlock } from './channel-block.ts';
import { splitUpdates } from './in-place.ts';
import { checkingSizes } from './least-sizes.ts';
import { type Repeated, severalSteps } from './several-steps.ts';

/** A program, and what is known about the graph that it runs. */
export interface Ready<G> {
  readonly program: Program;
  readonly graph: G;
  /** Nodes by their names in the file: of programs that the engine watches. */
  readonly nodes: ReadonlyMap<string, Node>;
}

/** See {@link Programs.get}. */
interface ProgramOptions {
  readonly samples?: number;
  readonly watched?: boolean;
  readonly constant?: boolean;
}

/** What a program is made of. */
interface Made {
  readonly graph: Graph;
  readonly updates?: Readonly<Record<string, string>>;
  readonly rowUpdates?: Readonly<Record<string, RowUpdate>> | undefined;
  /** Undefined for one step. */
  readonly repeated?: Repeated | undefined;
}

const watchedKey = 'watched: ';

/** The programs of one model, compiled when first asked for. */
export class Programs {
  readonly #executor: () => Promise<Executor>;
  readonly #known = new Map<string, Promise<Ready<unknown>>>();

  constructor(executor: () => Promise<Executor>) {
    this.#executor = executor;
  }

  /**
   * The program of this name, made of the graph that `make` gives if there is none yet. `samples`: how many a run is expected to have;
   * 1, unless told, is the safe side. `watched`: one of its own, of whose runs the engine takes notes. `constant`: with weights in it, which the engine's
   * own passes and kernels are made for.
   */
  get<G extends Made>(
    name: string,
    make: (runs: Runs) => G,
    { samples = 1, watched = false, constant = false }: ProgramOptions = {},
  ): Promise<Ready<G>> {
    const key = watched ? `${watchedKey}${name}` : name;
    const known = this.#known.get(key) as Promise<Ready<G>> | undefined;
    if (known) return known;
    const ready = this.#compile(make, { samples, watched, constant });
    this.#known.set(key, ready);
    ready.catch(() => this.#known.delete(key));
    return ready;
  }

  /** Frees those that the engine watches. */
  async releaseWatched(): Promise<void> {
    for (const [key, ready] of [...this.#known]) {
      if (!key.startsWith(watchedKey)) continue;
      this.#known.delete(key);
      const known = await ready.catch(() => undefined); // whoever asked for it was told
      await known?.program.release();
    }
  }

  /** Frees all of them, after the runs that were called before. */
  async release(): Promise<void> {
    const all = await Promise.allSettled(this.#known.values());
    this.#known.clear();
    for (const ready of all) if (ready.status === 'fulfilled') await ready.value.program.release();
  }

  async #compile<G extends Made>(
    make: (runs: Runs) => G,
    { samples, watched: profile, constant }: Required<ProgramOptions>,
  ): Promise<Ready<G>> {
    const executor = await this.#executor();
    const made = make(executor.runs ?? portable);
    checkGraph(made.graph);
    if (made.rowUpdates) needRowUpdates(executor);
    const nodes = new Map<string, Node>();
    const named = profile ? (name: string, node: Node) => void nodes.set(name, node) : undefined;
    const form = constant ? made.graph : await suited(made.graph, executor, samples);
    const { updatesInPlace: least } = executor;
    const alone = !profile && !made.repeated;
    const split = alone && made.updates && least !== undefined ? splitUpdates(form, made.updates, least) : undefined;
    // Last, as an update that runs by itself reads its gradient from memory.
    const first = constant ? form : productPrograms(split?.first ?? form, executor.runs ?? portable);
    const whole = made.repeated ? severalSteps(first, made.updates ?? {}, made.repeated) : first;
    const bytes = exportGraph(whole, { runs: executor.runs, named });
    const inPlace = split && exportGraph(split.second, { runs: executor.runs });
    const memoryPlan = made.updates === undefined;
    const program = await executor.compile(bytes, { profile, inARow: true, memoryPlan, inPlace });
    if (profile && !program.endProfiling) throw noProfiler(executor);
    return { program: checkingSizes(program, made.graph), graph: made, nodes };
  }
}

const noProfiler = ({ description }: Executor) =>
  fail('bad-value', {
    what: 'profile',
    got: `an executor that takes no notes (${description})`,
    want: 'one that createExecutor made',
  });

/** The same graph in the form that the executor runs fastest. Which blocks it wants is searched for where some would gain. */
async function suited(given: Graph, executor: Executor, samples: number): Promise<Graph> {
  const { runs = portable } = executor;
  const simple = joinGraph(simplify(expandGraph(given, runs)));
  const passes = [planeConvolutions, planePools, pooledConvolutions, matrixProducts, sharedGelu, fuseElementwise];
  const graph = passes.reduce((form, pass) => pass(form, runs), simple);
  const forms = new Map(executor.channelBlocks?.map((size) => [size, blockConvolutions(graph, { size, samples })]));
  if ([...forms.values()].every((form) => form === graph)) return graph;
  const size = await channelBlock(executor);
  return size === undefined ? graph : forms.get(size)!;
}
