import { lookUp } from '../../suggest.ts';
import { engineError } from '../engine-error.ts';
import type { Executor, ExecutorOptions } from '../executor.ts';
import { BindingExecutor } from './binding/executor.ts';
import { checkThreads, NativeExecutor } from './capi/executor.ts';
import { loadLibrary } from './capi/library.ts';
import { defaultThreads } from './cores.ts';

export { nextTurn } from './next-turn.ts';
export { sha256InPieces } from './sha256.ts';

const drivers = {
  capi: async (threads: number): Promise<Executor> => new NativeExecutor(await loadLibrary(), threads),
  binding: async (threads: number): Promise<Executor> => new BindingExecutor(threads),
};

/**
 * Makes an executor on the CPU: through ONNX Runtime's C API, or, where that does not load, through its Node binding.
 * Errors: `bad-value`, `unknown-name`, `engine` when ONNX Runtime cannot be loaded.
 */
export async function createExecutor({ threads = defaultThreads(), driver }: ExecutorOptions = {}): Promise<Executor> {
  checkThreads(threads);
  try {
    if (driver !== undefined) return await lookUp('driver', drivers, driver)(threads);
    return await drivers.capi(threads).catch(() => drivers.binding(threads));
  } catch (e) {
    throw engineError('loading ONNX Runtime', e);
  }
}
