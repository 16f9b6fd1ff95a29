import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { engineError } from '../engine-error.ts';
import type { Executor, ExecutorOptions } from '../executor.ts';
import { BindingExecutor } from './binding/executor.ts';
import { checkThreads, NativeExecutor } from './capi/executor.ts';
import { levels } from './capi/kernels.ts';
import { loadLibrary } from './capi/library.ts';
import { defaultThreads } from './cores.ts';

export { nextTurn } from './next-turn.ts';
export { peakMemory } from './peak-memory.ts';
export { sha256InPieces } from './sha256.ts';

interface Wanted {
  readonly threads: number;
  readonly kernels: ExecutorOptions['kernels'];
}

const drivers = {
  capi: async ({ threads, kernels = true }: Wanted): Promise<Executor> => {
    const library = await loadLibrary();
    const most = kernels === true ? levels.at(-1)! : kernels;
    return new NativeExecutor(library, { threads, kernels: most === false ? undefined : library.kernels(most) });
  },
  binding: async ({ threads }: Wanted): Promise<Executor> => new BindingExecutor(threads),
};

/**
 * Makes an executor on the CPU: through ONNX Runtime's C API, or, where that does not load, through its Node binding.
 * Errors: `bad-value`, `unknown-name`, `engine` when ONNX Runtime cannot be loaded.
 */
export async function createExecutor({
  threads = defaultThreads(),
  driver,
  kernels = true,
}: ExecutorOptions = {}): Promise<Executor> {
  checkThreads(threads);
  if (typeof kernels !== 'boolean' && !levels.includes(kernels))
    throw fail('bad-value', {
      what: 'createExecutor({ kernels })',
      got: String(kernels),
      want: `true, false, or one of ${levels.join(', ')}`,
    });
  const wanted = { threads, kernels };
  try {
    if (driver !== undefined) return await lookUp('driver', drivers, driver)(wanted);
    return await drivers.capi(wanted).catch(() => drivers.binding(wanted));
  } catch (e) {
    throw engineError('loading ONNX Runtime', e);
  }
}
