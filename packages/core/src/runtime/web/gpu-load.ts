import type * as Ort from 'onnxruntime-web/webgpu';
import { fail } from '../../errors.ts';
import { smallestModel } from '../smallest-model.ts';
import { placeOf } from './load.ts';

/** As much of WebGPU's interface as is used here. */
export interface GpuBuffer {
  readonly size: number;
  destroy(): void;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
}
export interface GpuDevice {
  readonly queue: { writeBuffer(to: GpuBuffer, at: number, from: Uint8Array): void; submit(commands: readonly unknown[]): void };
  createBuffer(options: { readonly size: number; readonly usage: number }): GpuBuffer;
  createCommandEncoder(): {
    copyBufferToBuffer(from: GpuBuffer, at: number, to: GpuBuffer, toAt: number, size: number): void;
    finish(): unknown;
  };
}

/** ONNX Runtime on the GPU, and the GPU. */
export interface Gpu {
  readonly ort: typeof Ort;
  readonly device: GpuDevice;
}

const file = 'ort-wasm-simd-threaded.asyncify';
let loaded: Promise<Gpu> | undefined;

/** Loads ONNX Runtime's build for WebGPU, once. Errors: `no-device`, `engine`. */
export function loadGpu(wasmPaths: string | undefined): Promise<Gpu> {
  loaded ??= start(wasmPaths).catch((e: unknown) => {
    loaded = undefined;
    throw e;
  });
  return loaded;
}

const noDevice = (reason: string) =>
  fail('no-device', {
    device: 'webgpu',
    reason,
    fix:
      'It needs a browser with WebGPU (Chrome and Edge from 113, Safari from 26, Firefox from 141), a page from https: or localhost, and a ' +
      "GPU that the browser does not block; chrome://gpu tells. Without it: device: 'cpu'.",
  });

async function start(wasmPaths: string | undefined): Promise<Gpu> {
  const { gpu } = (globalThis as { navigator?: { gpu?: { requestAdapter(): Promise<unknown> } } }).navigator ?? {};
  if (!gpu) throw noDevice('this page has no navigator.gpu');
  if (!(await gpu.requestAdapter())) throw noDevice('the browser gives no GPU adapter');
  const ort = await import('onnxruntime-web/webgpu'); // another build than that for the CPU, which most pages do without
  ort.env.logLevel = 'fatal';
  ort.env.wasm.numThreads = 1; // beside the GPU the processor calculates no more than sizes and keys
  ort.env.wasm.proxy = false;
  const at = wasmPaths === undefined ? undefined : placeOf(wasmPaths);
  if (at) ort.env.wasm.wasmPaths = { wasm: `${at}${file}.wasm` };
  try {
    const options = { executionProviders: ['webgpu'], logSeverityLevel: 4 as const };
    await ort.InferenceSession.create(smallestModel(), options); // never released: the device is the first session's
    return { ort, device: (await ort.env.webgpu.device) as unknown as GpuDevice };
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e);
    if (/adapter/i.test(reason)) throw noDevice(reason);
    const fix = `Serve ${file}.wasm of the package onnxruntime-web ${at ? `at ${at}${file}.wasm` : 'beside the script'}, or say where it is with wasmPaths.`;
    throw fail('engine', { doing: 'loading its build for WebGPU', reason: `${reason}. ${fix}` }, e);
  }
}
