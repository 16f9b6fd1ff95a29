import type { Runs } from '../graph/index.ts';
import type { DType, Shape, Tensor } from '../tensor/index.ts';

/** What can be said when a program is made. */
export interface CompileOptions {
  /** ONNX Runtime's optimisation level; 'all' unless told. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Lets the engine note when each kernel ran, for `Program.endProfiling`. Every kernel then takes some microseconds longer. */
  readonly profile?: boolean | undefined;
  /**
   * Runs will follow each other closely, as steps of a training do: the engine's threads wait for the next one in a loop, for a millisecond at most, because waking a thread takes
   * as long as a small step. Only in Node.
   */
  readonly inARow?: boolean | undefined;
  /**
   * Whether the engine makes one block of memory for runs like the first; true unless told. It comes beside what the first run has used, which the engine keeps: a training, whose runs need
   * much, does without. Only with the driver 'capi'.
   */
  readonly memoryPlan?: boolean | undefined;
  /**
   * A second model, whose outputs are written over what is held instead of beside it: see `Executor.updatesInPlace`. It runs when the first has succeeded, and is not stopped any more, so a
   * run still changes all or nothing. It reads held tensors and outputs of the first model, by their names; each of its outputs has to be among a run's `updates`. Its kernels have to
   * bear it that what they write lies over what they read: whoever made the model has seen to that.
   */
  readonly inPlace?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One call of a kernel, as the engine noted it. Times are whole microseconds, from some moment of the program on. */
export interface KernelCall {
  /** The node's name in the model, or what the engine called a node that it made of others. */
  readonly node: string;
  /** The op that ran: the engine may have made another of it. */
  readonly op: string;
  readonly start: number;
  readonly duration: number;
  /** The most bytes that the engine has had in use at a time, this call included. */
  readonly peakBytes: number | undefined;
}

/** One run of a program. */
export interface EngineRun {
  readonly start: number;
  readonly duration: number;
  /** In the order in which they ended: what a loop calls comes before the loop. */
  readonly kernels: readonly KernelCall[];
}

/** A named slot of a program. */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  /** Sizes; a name stands for a size that is known only at run time. The same name is the same size in every port. */
  readonly shape: Shape;
  /** True where the model does not say how many axes there are; `shape` is then empty and nothing is checked. */
  readonly anyRank?: true;
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * Tensors that live where the kernels are, from run to run: parameters, optimizer slots, accumulators. Several programs of one
 * executor may share one. Reading copies out, writing copies in; both wait for the runs that were called before them.
 */
export interface Held {
  readonly names: readonly string[];
  /** Copies; all of them, or those named. Errors: `unknown-name`, `released`. */
  read(names?: readonly string[]): Promise<Record<string, Tensor>>;
  /**
   * Overwrites the tensors that are named. Shapes and dtypes must stay.
   * Errors: `unknown-name`, `shape-mismatch`, `dtype-mismatch`, `released`; then nothing was written.
   */
  write(tensors: Tensors): Promise<void>;
  /** Frees the memory after the runs that were called before. May be called again. */
  release(): Promise<void>;
}

/** Outputs that say what becomes of some rows of a held tensor: entries along its first axis. */
export interface RowUpdate {
  /** The output with the positions of the rows, int32 or int64 `[n]`, from 0. Where one occurs twice, the last counts. */
  readonly rows: string;
  /** The output with what they shall be, `[n, ...]`, of the held tensor's dtype. */
  readonly values: string;
}

/** What one run takes besides its feeds. */
export interface RunOptions {
  /** Inputs that are not fed are taken from here, by name. */
  readonly held?: Held | undefined;
  /**
   * Output name -> name in `held` that it replaces. All replacements happen together after the run: the run itself sees the
   * old values throughout, and a failed or aborted run changes nothing.
   */
  readonly updates?: Readonly<Record<string, string>> | undefined;
  /**
   * Name in `held` -> outputs with some of its rows, which are written together with the `updates` and under the same promise. All positions
   * are checked before the first row is written. Such a tensor needs no second buffer, and the time goes with the number of rows. Not on
   * devices that hold tensors where rows cannot be written (`Executor.updatesRows`).
   */
  readonly rowUpdates?: Readonly<Record<string, RowUpdate>> | undefined;
  /** Outputs to return; all that are not in `updates` and `rowUpdates`, unless told. */
  readonly fetch?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A model that is ready to run. Runs of one program may be called concurrently; they happen one after another. */
export interface Program {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /**
   * Runs once. Returned tensors belong to the caller; feeds must stay as they are until the run is over. Where there is a
   * thread for it, never blocks the event loop for longer than 50 ms.
   * Errors: `unknown-name` and `bad-value` for wrong or missing feeds, `shape-mismatch`, `dtype-mismatch`, `index-range`, `engine`, `aborted`,
   * `released`.
   */
  run(feeds: Tensors, options?: RunOptions): Promise<Record<string, Tensor>>;
  /**
   * Milliseconds that its runs have spent inside of the engine so far, by the clock. What is left of a step's time is JavaScript, copies and
   * waiting. Undefined where nobody counts.
   */
  readonly engineMs?: number;
  /**
   * All runs so far, kernel by kernel; those that come later are not noted. Once; there where the program was compiled with `profile`.
   * The engine keeps a million notes and leaves out what comes after. Errors: `engine`, `released`.
   */
  readonly endProfiling?: () => Promise<readonly EngineRun[]>;
  /** Frees the session after the runs that were called before. May be called again. */
  release(): Promise<void>;
}

/** One way to run ONNX models on one device. The contract suite in `test/executor.contract.ts` holds for each. */
export interface Executor {
  /** 'cpu', 'wasm', 'webgpu'. */
  readonly device: string;
  /** What drives it, for people: 'ONNX Runtime 1.30.0 through its C API, 2 threads'. */
  readonly description: string;
  /**
   * Sizes of blocks of channels that the engine's convolutions may be made for, to be tried in this order. Undefined where they have none.
   */
  readonly channelBlocks?: readonly number[] | undefined;
  /** False where what is held cannot be written row by row: there `RunOptions.rowUpdates` is refused. */
  readonly updatesRows?: boolean;
  /**
   * Where a program may have a second model, which writes over what is held (`CompileOptions.inPlace`): of how many bytes these tensors should be for that. For fewer, a second run takes longer
   * than a second buffer. Undefined where there is no such thing.
   */
  readonly updatesInPlace?: number | undefined;
  /** Which nodes its device has kernels for; unless told, those of ONNX. A graph is to be exported for it with this. */
  readonly runs?: Runs;
  /**
   * Errors: `engine` when ONNX Runtime refuses the model, `bad-graph` when an input or output is no tensor, `dtype-mismatch` when it
   * is of a type that does not cross, `bad-value` for `profile` where the engine has no profiler, `aborted`, `released`.
   */
  compile(model: Uint8Array, options?: CompileOptions): Promise<Program>;
  /** Takes a copy of the tensors. Errors: `bad-value`, `dtype-mismatch` for texts, `released`. */
  hold(tensors: Tensors): Promise<Held>;
  /** Gives its thread back, after the runs that were called before. What it compiled cannot run any more. May be called again. */
  release(): Promise<void>;
}

/** What an executor is made with. */
export interface ExecutorOptions {
  /**
   * Where it runs: 'cpu' (in browsers in WebAssembly), which is the default, or 'webgpu', on the GPU. What is held then stays in the memory
   * of the GPU from step to step.
   */
  readonly device?: 'cpu' | 'webgpu' | undefined;
  /**
   * Threads of one run. Unless told: the number of physical cores, at most 16; in browsers 1, or half the cores where the page is
   * cross-origin isolated and `wasmPaths` is given.
   */
  readonly threads?: number | undefined;
  /**
   * Node only. 'capi' calls ONNX Runtime's C interface: nothing is copied, and short runs take no thread hop. 'binding' is the npm
   * package's own binding in a worker thread: slower, for platforms where the former does not load. Unless told: what the environment variable
   * STRATUS_DRIVER names, or else the first that works.
   */
  readonly driver?: 'capi' | 'binding' | undefined;
  /**
   * Node only, with the driver 'capi': whether kernels of Stratus' own are used where they are faster than ONNX Runtime's ops; true unless
   * told. A name is the most that the processor is asked for: what there is without it is used, and what it cannot do is not. Everything can be
   * calculated without these kernels, to within rounding.
   */
  readonly kernels?: boolean | 'base' | 'avx2' | 'avx512' | undefined;
  /**
   * Browser only: the folder of ONNX Runtime's .wasm files, as a URL; with several threads its .mjs files are needed as well. Unless
   * told: beside the bundle.
   */
  readonly wasmPaths?: string | undefined;
}
