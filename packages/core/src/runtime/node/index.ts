import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { engineError } from '../engine-error.ts';
import type { Executor, ExecutorOptions } from '../executor.ts';
import { BindingExecutor } from './binding/executor.ts';
import { cpu } from './capi/device.ts';
import { checkThreads, NativeExecutor } from './capi/executor.ts';
import { levels } from './capi/kernels.ts';
import { loadLibrary } from './capi/library.ts';
import { webGpu } from './capi/web-gpu.ts';
import { defaultThreads } from './cores.ts';

export { nextTurn } from './next-turn.ts';
export { peakMemory } from './peak-memory.ts';
export { sha256InPieces } from './sha256.ts';
export { trimMemory } from './trim-memory.ts';

interface Wanted {
  readonly threads: number;
  readonly kernels: ExecutorOptions['kernels'];
}
type Make = (wanted: Wanted) => Promise<Executor>;

const onCpu: Make = async ({ threads, kernels = true }) => {
  const library = await loadLibrary();
  const most = kernels === true ? levels.at(-1)! : kernels;
  return new NativeExecutor(library, cpu(library, most === false ? undefined : library.kernels(most)), threads);
};

const onGpu: Make = async ({ threads }) => {
  const library = await loadLibrary();
  return new NativeExecutor(library, await webGpu(library), threads);
};

/** Ways to drive each device. Without a wish the first that works is taken. */
const devices: Readonly<Record<'cpu' | 'webgpu', Readonly<Record<string, Make>>>> = {
  cpu: { capi: onCpu, binding: async ({ threads }) => new BindingExecutor(threads) },
  webgpu: { capi: onGpu },
};

/** The driver that STRATUS_DRIVER asks for where nobody else does. A GPU has but one. Errors: `unknown-name`. */
function driverOfEnvironment(drivers: Readonly<Record<string, Make>>): string | undefined {
  const name = process.env['STRATUS_DRIVER'];
  if (!name) return undefined;
  lookUp('driver in STRATUS_DRIVER', devices.cpu, name);
  return Object.hasOwn(drivers, name) ? name : undefined;
}

/**
 * Makes an executor: through ONNX Runtime's C API, or, where that does not load, through its Node binding, which knows no GPU.
 * Errors: `bad-value`, `unknown-name`, `no-device` when there is no GPU that can be used, `engine` when ONNX Runtime cannot be loaded.
 */
export async function createExecutor(options: ExecutorOptions = {}): Promise<Executor> {
  const { device = 'cpu', kernels = true } = options;
  const drivers = lookUp('device', devices, device);
  const driver = options.driver ?? driverOfEnvironment(drivers);
  // Beside a GPU the processor calculates no more than sizes and keys.
  const threads = checkThreads(options.threads ?? (device === 'cpu' ? defaultThreads() : 1));
  if (typeof kernels !== 'boolean' && !levels.includes(kernels))
    throw fail('bad-value', {
      what: 'createExecutor({ kernels })',
      got: String(kernels),
      want: `true, false, or one of ${levels.join(', ')}`,
    });
  const makes = driver === undefined ? Object.values(drivers) : [lookUp(`driver for ${device}`, drivers, driver)];
  const failures: unknown[] = [];
  for (const make of makes) {
    try {
      return await make({ threads, kernels });
    } catch (e) {
      failures.push(e);
    }
  }
  throw engineError('loading ONNX Runtime', failures.at(-1));
}
