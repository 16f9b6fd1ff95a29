import { byLayer, byOp, type LayerTime, type OpTime, rateOf } from './groups.ts';
import { htmlOf } from './html.ts';
import type { Recording } from './recording.ts';
import { type KernelTime, type PhaseTime, type Summary, summarize } from './summary.ts';
import { type TableOptions, tableOf } from './table.ts';
import { type TraceFile, traceOf } from './trace.ts';

/** A profile as plain data. Times are milliseconds of a mean step. */
export interface StepProfileJson {
  /** What ran it: 'ONNX Runtime 1.30.0 through its C API, 2 threads'. */
  readonly engine: string;
  /** Steps that were watched. */
  readonly steps: number;
  /** Steps before them, which do not count. */
  readonly warmup: number;
  /** A step, from the end of the one before. Watching makes it longer: some microseconds a kernel. */
  readonly stepMs: number;
  /** A step that nobody watched, from as many steps; undefined where the training was too short. */
  readonly plainStepMs: number | undefined;
  /** All of the step: shares add up to 1. */
  readonly phases: readonly PhaseTime[];
  /** Kernels by layer and by op, and each; the longest first. */
  readonly layers: readonly LayerTime[];
  readonly ops: readonly OpTime[];
  readonly kernels: readonly KernelTime[];
  /** Floating-point operations of a step in matrix products and convolutions: forward, backward and update. Undefined where some are not known. */
  readonly flops: number | undefined;
  /** GFLOP/s of a whole step: of one that nobody watched, where there are any. */
  readonly rate: number | undefined;
  /** GFLOP/s of this machine in a product of matrices: see {@link matrixRate}. */
  readonly matrixRate: number;
  /** Bytes. */
  readonly memory: {
    /** The most that the process has had at a time, since it began; undefined where nobody tells. */
    readonly process: number | undefined;
    /** The most that the engine had in use at a time for what a step calculates. */
    readonly engine: number | undefined;
    /** Weights, and what the optimizer keeps of them. */
    readonly state: number;
  };
}

/**
 * Where the time of training steps goes: by part of the step, by layer, by op. Made by `fit` with `profile`, in its history.
 *
 * Source: the engine's own profiler for what runs in kernels; the format of `toTrace` is Chrome's Trace Event Format.
 *
 * @example
 * import { dense, input, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [4] }), dense({ units: 1 })]).compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const x = Array.from({ length: 64 }, (_, i) => [i, 1, 2, 3].map((v) => v / 64));
 * const { profile } = await net.fit(x, x.map(([a]) => a!), { epochs: 4, batchSize: 8, verbose: 0, profile: { steps: 5 } });
 * console.log(profile!.steps, profile!.layers.map(({ layer }) => layer).includes('dense')); // 5 true
 * console.log(profile!.toText().split('\n')[0]!.startsWith('5 steps')); // true
 */
export class StepProfile implements StepProfileJson {
  readonly engine: string;
  readonly steps: number;
  readonly warmup: number;
  readonly stepMs: number;
  readonly plainStepMs: number | undefined;
  readonly phases: readonly PhaseTime[];
  readonly layers: readonly LayerTime[];
  readonly ops: readonly OpTime[];
  readonly kernels: readonly KernelTime[];
  readonly flops: number | undefined;
  readonly rate: number | undefined;
  readonly matrixRate: number;
  readonly memory: StepProfileJson['memory'];
  readonly #recording: Recording;

  /** @internal */
  constructor(recording: Recording) {
    const { engine, steps, warmup, plainMs, processBytes, stateBytes, matrixRate } = recording;
    const { stepMs, phases, kernels, engineBytes }: Summary = summarize(recording);
    this.#recording = recording;
    this.engine = engine;
    this.steps = steps.length;
    this.warmup = warmup;
    this.stepMs = stepMs;
    this.plainStepMs = plainMs.length === 0 ? undefined : plainMs.reduce((sum, ms) => sum + ms, 0) / plainMs.length;
    this.phases = phases;
    this.layers = byLayer(kernels);
    this.ops = byOp(kernels);
    this.kernels = kernels;
    const flops = kernels.reduce((sum, kernel) => sum + (kernel.flops ?? Number.NaN), 0);
    this.flops = Number.isNaN(flops) ? undefined : flops;
    this.rate = rateOf(this.flops, this.plainStepMs ?? stepMs);
    this.matrixRate = matrixRate;
    this.memory = { process: processBytes, engine: engineBytes, state: stateBytes };
  }

  /** Tables for a terminal: parts, layers, ops; as many rows of the last two as `rows` says, 20 unless told. */
  toText(options: TableOptions = {}): string {
    return tableOf(this, options);
  }

  /** One page with a flame chart, that needs nothing else: to be written to a file and opened. */
  toHtml({ title = 'profile' }: { readonly title?: string } = {}): string {
    return htmlOf(this, title);
  }

  /**
   * Every call of a kernel on a time line, for chrome://tracing, Perfetto and the developer tools of browsers: JSON.stringify it into a file.
   * Of long profiles the first steps, as many as have 200,000 calls.
   */
  toTrace(): TraceFile {
    return traceOf(this.#recording);
  }

  /** Plain data: what JSON.stringify takes. */
  toJSON(): StepProfileJson {
    return { ...this };
  }
}
