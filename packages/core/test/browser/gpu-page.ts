// The page of the browser tests on the GPU.
import { createExecutor, StratusError } from '@stratus/core';
import { executorContract } from '../executor.contract.ts';
import { type GpuWork, trainOn } from './gpu-work.ts';
import { runAll } from './tiny-vitest.ts';

type Options = Parameters<typeof createExecutor>[0];

export const gpuTasks = {
  describe: async (options: Options) => {
    const { device, description } = await createExecutor(options);
    return { device, description };
  },
  train: async (options: Options, name: GpuWork, epochs: number) => trainOn(await createExecutor(options), name, epochs),
  contract: (options: Options) => {
    executorContract('webgpu, in a page', () => createExecutor(options), {
      checksIndices: false,
      trainsDropout: false,
      updatesRows: false,
    });
    return runAll();
  },
  failToStart: (options: Options): Promise<{ code: string; message: string }> =>
    createExecutor(options).then(
      () => ({ code: 'none', message: '' }),
      (e: unknown) => (StratusError.is(e) ? { code: e.code, message: e.message } : { code: 'not ours', message: String(e) }),
    ),
};
export type GpuTasks = typeof gpuTasks;

const bytes = (buffer: ArrayBufferLike, at?: number, length?: number): Uint8Array => new Uint8Array(buffer, at, length);
// The little that the contract uses of Node's.
Object.assign(globalThis, {
  Buffer: {
    from: bytes,
    compare: (a: Uint8Array, b: Uint8Array) => (a.length === b.length && a.every((v, i) => v === b[i]) ? 0 : 1),
  },
  gpuPage: gpuTasks,
});
