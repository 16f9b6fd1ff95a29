import { fail } from '../errors.ts';
import type { Graph, Node } from '../graph/index.ts';
import { type Lap, matrixRate, type Part, type RecordedStep, StepProfile } from '../profile/index.ts';
import { type EngineRun, type Executor, type Program, peakMemory, type Tensors } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { dtypes, sizeOf } from '../tensor/index.ts';
import { placeOf } from './place-of.ts';

/** How a training is profiled. */
export interface ProfileOptions {
  /** Steps that are watched; 20 unless told. */
  readonly steps?: number;
}

/** Errors: `bad-value`, `unknown-name`. */
export function profiledSteps(given: boolean | ProfileOptions | undefined): number | undefined {
  if (given === undefined || given === false) return undefined;
  const known = { steps: 20 };
  if (given === true) return known.steps;
  if (typeof given !== 'object' || given === null)
    throw fail('bad-value', { what: 'fit', got: `profile ${String(given)}`, want: 'true, or { steps }' });
  for (const name of Object.keys(given)) lookUp('option of profile', known, name);
  const { steps = known.steps } = given;
  if (!Number.isInteger(steps) || steps < 1)
    throw fail('bad-value', { what: 'fit', got: `profile.steps ${steps}`, want: 'a whole number of at least 1' });
  return steps;
}

/** A program whose runs the engine notes. */
interface Watched {
  readonly program: Program;
  readonly graph: { readonly graph: Graph };
  readonly nodes: ReadonlyMap<string, Node>;
}

interface Ran {
  readonly watched: Watched;
  readonly sizes: ReadonlyMap<string, number>;
}

/** What a machine tells of the programs that it runs for a step. */
export interface Watcher {
  ran(watched: Watched, feeds: Tensors): void;
}

/** What is done with so many steps. The first of each are not like others: memory is laid out, caches are cold. */
interface Stage {
  readonly watched: boolean;
  readonly warmup: number;
  readonly steps: number;
}

const warmup = 3;

/**
 * Stages of a training of so many steps. Watched steps are longer and need memory, so others are timed as well if there are enough, and
 * before; of a training of unknown length the watched ones come first, for there may be no others.
 */
function stagesOf(steps: number, total: number | undefined): Stage[] {
  const most = total ?? Number.POSITIVE_INFINITY;
  const warm = Math.min(warmup, Math.max(0, most - 1));
  const watched = { watched: true, warmup: warm, steps: Math.max(1, Math.min(steps, most - warm)) };
  const left = most - watched.warmup - watched.steps;
  const plain = { watched: false, warmup, steps: Math.min(steps, left - warmup) };
  if (plain.steps < 1) return [watched];
  return total === undefined ? [watched, plain] : [plain, watched];
}

/** Splits the time of steps into laps, and has the engine watch some of them. Nothing that a training calculates depends on it. */
export class StepProfiler {
  readonly #stages: Stage[];
  readonly #warmup: number;
  #taken = 0;
  #laps: Lap[] = [];
  #last = 0;
  #ran: Ran[] = [];
  readonly #plainMs: number[] = [];
  readonly #watched: { readonly laps: readonly Lap[]; readonly ran: readonly Ran[] }[] = [];
  #processBytes: number | undefined;
  #stateBytes = 0;
  readonly #sizes = new Map<string, ReadonlyMap<string, number>>();

  /** `total`: how many steps the training has, where it is known. */
  constructor(steps: number, total: number | undefined) {
    this.#stages = stagesOf(steps, total);
    this.#warmup = this.#stages.find(({ watched }) => watched)!.warmup;
  }

  /** True when there is nothing more to be seen. */
  get isOver(): boolean {
    return this.#stages.length === 0;
  }

  /** Who is to be told of the present step's programs; undefined where the engine need not watch. */
  get watcher(): Watcher | undefined {
    if (!this.#stages[0]?.watched) return undefined;
    return { ran: (watched, feeds) => this.#note(watched, feeds) };
  }

  /** Time begins here: at the beginning of an epoch, and of each step. */
  begin(): void {
    this.#laps = [];
    this.#ran = [];
    this.#last = performance.now();
  }

  /** The time since the last lap, or the beginning, went there. */
  lap(part: Part): void {
    const now = performance.now();
    this.#laps.push({ part, start: this.#last, ms: now - this.#last });
    this.#last = now;
  }

  /** A step is over. */
  step(): void {
    const [stage] = this.#stages;
    if (!stage) return;
    this.#taken++;
    if (stage.watched) this.#watched.push({ laps: this.#laps, ran: this.#ran });
    else if (this.#taken > stage.warmup) this.#plainMs.push(this.#laps.reduce((sum, { ms }) => sum + ms, 0));
    if (this.#taken === stage.warmup + stage.steps) {
      if (this.#processBytes === undefined) this.#processBytes = peakMemory?.();
      this.#stages.shift();
      this.#taken = 0;
    }
    this.begin();
  }

  /** What was found; undefined if no step was watched, or the engine had to leave out a part of each. Errors: `engine`; `bad-value` for an engine that has no profiler. */
  async finish(executor: Executor): Promise<StepProfile | undefined> {
    this.#stages.length = 0;
    this.#processBytes ??= peakMemory?.();
    if (this.#watched.length === 0) return undefined;
    const runs = new Map<Watched, EngineRun[]>();
    for (const { watched } of this.#watched.flatMap(({ ran }) => ran))
      if (!runs.has(watched)) runs.set(watched, [...(await watched.program.endProfiling!())]);
    const steps = this.#watched.flatMap(({ laps, ran }): RecordedStep[] => {
      const own = ran.map(({ watched, sizes }) => ({ nodes: watched.nodes, sizes, run: runs.get(watched)!.shift() }));
      return own.every(({ run }) => run) ? [{ laps, runs: own as RecordedStep['runs'] }] : [];
    });
    if (steps.length === 0) return undefined;
    const before = Math.min(this.#warmup, steps.length - 1);
    return new StepProfile({
      steps: steps.slice(before),
      warmup: before,
      plainMs: this.#plainMs,
      placeOf,
      engine: executor.description,
      processBytes: this.#processBytes,
      stateBytes: this.#stateBytes,
      matrixRate: await matrixRate(executor),
    });
  }

  /** One map for equal sizes: what follows from them is counted once. */
  #same(sizes: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    const key = [...sizes].join('\n');
    if (!this.#sizes.has(key)) this.#sizes.set(key, sizes);
    return this.#sizes.get(key)!;
  }

  #note(watched: Watched, feeds: Tensors): void {
    const sizes = new Map<string, number>();
    let stateBytes = 0;
    for (const { name, shape, dtype } of watched.graph.graph.inputs) {
      const fed = feeds[name!];
      for (const [axis, size] of (fed?.shape ?? []).entries()) if (typeof shape[axis] === 'string') sizes.set(shape[axis], size);
      if (!fed) stateBytes += dtypes[dtype].bytes * sizeOf(shape as readonly number[]);
    }
    this.#stateBytes = Math.max(this.#stateBytes, stateBytes);
    this.#ran.push({ watched, sizes: this.#same(sizes) });
  }
}
