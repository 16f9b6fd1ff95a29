import type { ParamValue, RunStatus } from '../store/index.ts';

/** How a run ends. */
export type RunEnd = Exclude<RunStatus, 'running'>;

/** A run that takes place in this process. What it is told goes into the store by and by; a store that fails stops nothing. */
export interface ActiveRun {
  /** What commands call it by: `stratus runs show KEY`. */
  readonly key: string;
  /** Adds parameters, and returns all that are known. Those of the variable STRATUS_PARAMS are there from the beginning. Errors: `bad-value`. */
  params(values?: Readonly<Record<string, ParamValue>>): Readonly<Record<string, ParamValue>>;
  /** Adds a point to each of these metrics; the step follows the one before where it is left out. Errors: `bad-value`. */
  log(metrics: Readonly<Record<string, number>>, step?: number): void;
  /** Sets a tag; null takes it away. */
  tag(name: string, value: string | null): void;
  /** Adds a line to the notes. */
  note(text: string): void;
  /** Keeps a file, or bytes under a name. A file is kept as it is when the store takes it. Errors: `file-not-found`. */
  artifact(path: string, content?: Uint8Array | string): Promise<void>;
  /** A run that is a part of this one. */
  child(options?: ChildOptions): ActiveRun;
  /** What was said until now is in the store, or, where that fails, in a file that the next `--resume` reads. */
  flush(): Promise<void>;
  /** Ends it, as 'finished' where nothing is said, with the error where there was one. What follows is not recorded any more. */
  finish(status?: RunEnd, error?: unknown): Promise<void>;
}

/** What a run within another one is made with. */
export interface ChildOptions {
  /** For people; the key where it is left out. */
  readonly name?: string;
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly notes?: string;
}
