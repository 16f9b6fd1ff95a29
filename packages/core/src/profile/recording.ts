import type { Node } from '../graph/index.ts';
import type { EngineRun } from '../runtime/index.ts';

/** What a step is doing where no kernel runs: waits for its batch, calls the engine, does sums and bookkeeping, asks callbacks. */
export type Part = 'data' | 'run' | 'host' | 'callbacks';

/** A piece of a step's time. Milliseconds, on the clock of `performance.now()`. */
export interface Lap {
  readonly part: Part;
  readonly start: number;
  readonly ms: number;
}

/** What a kernel does it for. */
export type KernelPhase = 'forward' | 'backward' | 'update';

/** Whose work a node does. */
export interface Place {
  /** A path: 'encoder/dense_1'. Empty for what belongs to no layer. */
  readonly layer: string;
  readonly phase: KernelPhase;
}

/** One run of one program. */
export interface RecordedRun {
  /** The nodes of the graph, by their names in the file. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** What the sizes that only run time knows were. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly run: EngineRun;
}

/** One step, from the end of the one before: its laps leave no gap. */
export interface RecordedStep {
  readonly laps: readonly Lap[];
  /** Those within its laps of the part `run`, in order. */
  readonly runs: readonly RecordedRun[];
}

/** Everything that a profile is made of. */
export interface Recording {
  readonly steps: readonly RecordedStep[];
  /** Steps before them, which do not count. */
  readonly warmup: number;
  /** Milliseconds of steps that the engine took no notes of. */
  readonly plainMs: readonly number[];
  readonly placeOf: (path: string) => Place;
  /** What ran it, for people. */
  readonly engine: string;
  /** The most bytes that the process has had, where it is known. */
  readonly processBytes: number | undefined;
  /** Weights and what else is kept from step to step. */
  readonly stateBytes: number;
  /** GFLOP/s: see {@link matrixRate}. */
  readonly matrixRate: number;
}
