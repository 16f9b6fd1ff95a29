import { createExecutor } from '#ort';
import type { Executor, ExecutorOptions } from './executor.ts';

export { files } from '#files';
export { createExecutor, nextTurn, peakMemory, sha256InPieces, trimMemory } from '#ort';
export type {
  CompileOptions,
  EngineRun,
  Executor,
  ExecutorOptions,
  Held,
  KernelCall,
  Port,
  Program,
  RowUpdate,
  RunOptions,
  Tensors,
} from './executor.ts';
export type { Files } from './files.ts';
export { abortable } from './line.ts';
export { needRowUpdates } from './row-updates.ts';
export { copyInPieces } from './turns.ts';

let shared: Promise<Executor> | undefined;

/**
 * The executor that everything uses which is not given another: made at the first call, with the options of that call.
 *
 * Errors: those of `createExecutor`.
 * Source: ONNX Runtime.
 *
 * @example
 * import { executor } from '@stratus/core';
 * const { device, description } = await executor();
 * console.log(device, description); // cpu ONNX Runtime 1.30.0 through its C API, 2 threads
 */
export function executor(options?: ExecutorOptions): Promise<Executor> {
  shared ??= createExecutor(options).catch((e: unknown) => {
    shared = undefined; // the next call tries again
    throw e;
  });
  return shared;
}
