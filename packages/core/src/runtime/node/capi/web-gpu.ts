import { fail } from '../../../errors.ts';
import { type DType, dtypes, type TypedArray } from '../../../tensor/index.ts';
import { plainReason } from '../../engine-error.ts';
import { inTurn, Line } from '../../line.ts';
import { copyOf } from '../../ports.ts';
import { smallestModel } from '../../smallest-model.ts';
import { onWebGpu } from '../../web-gpu-kernels.ts';
import type { Cell, Device } from './device.ts';
import type { Library } from './library.ts';
import { EngineThread } from './thread.ts';
import { valueOver } from './values.ts';

/**
 * The GPU through ONNX Runtime's WebGPU provider. The provider has one device for the whole process, and all its sessions share one
 * list of commands: two runs at a time crash. So everything that touches it, freeing memory included, stands in one line.
 */
class WebGpu implements Device {
  readonly name = 'webgpu';
  readonly channelBlocks = undefined;
  readonly lines: readonly Line[] = [new Line()];
  readonly runs = onWebGpu;
  readonly updatesRows = false;
  readonly updatesInPlace = undefined;
  readonly #library: Library;
  readonly #thread: EngineThread;
  /** Gives memory of the device. It belongs to a session that is never released: with the last session the device would go. */
  #allocator = 0n;

  constructor(library: Library) {
    this.#library = library;
    this.#thread = new EngineThread(library);
  }

  /** Finds the GPU. Errors: what ONNX Runtime says where there is none. */
  async start(): Promise<this> {
    const library = this.#library;
    const model = smallestModel();
    const session = new BigUint64Array(1);
    const options = library.make('CreateSessionOptions');
    try {
      library.call('SetSessionLogSeverityLevel', options, 4);
      this.addTo(options);
      const args = [library.env, library.address(model), model.length, options, library.address(session)];
      await inTurn(this.lines, async () => library.check((await this.#thread.call('create', args)).status));
    } finally {
      library.call('ReleaseSessionOptions', options);
    }
    this.#allocator = library.make('CreateAllocator', session[0]!, library.make('CreateMemoryInfo', 'WebGPU_Buf', 0, 0, 0));
    return this;
  }

  addTo(sessionOptions: bigint): void {
    const library = this.#library;
    library.call('SessionOptionsAppendExecutionProvider', sessionOptions, 'WebGPU', 0n, 0n, 0);
    // Without it a wrong index reads and writes other programs' numbers.
    library.call('AddSessionConfigEntry', sessionOptions, 'ep.webgpuexecutionprovider.enableRobustness', '1');
  }

  cell(dtype: DType, _: readonly number[], dims: BigInt64Array): Cell {
    const library = this.#library;
    const value = library.make('CreateTensorAsOrtValue', this.#allocator, library.address(dims), dims.length, dtypes[dtype].onnx);
    const over = <T>(data: TypedArray, copy: (other: bigint) => T): T => copy(valueOver(library, dtype, dims, data));
    return {
      value,
      read: (into) => over(into, (to) => this.#copy(value, to, to, into)),
      readNow: (into) =>
        over(into, (to) => {
          try {
            library.call('CopyTensors', ...this.#pair(value, to).args);
          } finally {
            library.call('ReleaseValue', to);
          }
        }),
      write: (from) => {
        const own = copyOf(dtype, from); // in another thread: meanwhile the caller may do what he likes
        return over(own, (at) => this.#copy(at, value, at, own));
      },
    };
  }

  #pair(from: bigint, to: bigint) {
    const library = this.#library;
    const values = BigUint64Array.of(from, to);
    const at = library.address(values);
    return { values, args: [library.env, at, at + 8n, 0n, 1] as const };
  }

  /** Copies from value to value, and frees the one that was made for it. `memory` is what that is over. */
  async #copy(from: bigint, to: bigint, made: bigint, memory: TypedArray): Promise<void> {
    const { values, args } = this.#pair(from, to);
    try {
      this.#library.check((await this.#thread.call('copy', args)).status);
    } finally {
      this.#library.call('ReleaseValue', made);
      void [values, memory]; // until here
    }
  }
}

let started: Promise<Device> | undefined;

/** The GPU of this process. Errors: `no-device`. */
export function webGpu(library: Library): Promise<Device> {
  started ??= new WebGpu(library).start().catch((e: unknown) => {
    started = undefined; // a driver may be installed meanwhile
    throw fail('no-device', { device: 'webgpu', reason: reasonOf((e as Error).message), fix: mend() }, e);
  });
  return started;
}

/** `… was false. Failed to get a WebGPU adapter: No supported adapters` -> what follows the assertion. */
const reasonOf = (message: string): string =>
  plainReason(message)
    .replace(/^.* was false\. /s, '')
    .trim();

const mend = (): string =>
  ({
    linux:
      'It needs a Vulkan driver of the GPU and the Vulkan loader (on Debian and Ubuntu: apt install libvulkan1 mesa-vulkan-drivers, or NVIDIA’s driver); vulkaninfo shows what is there.',
    darwin: 'It needs a Mac with Metal.',
    win32: 'It needs a GPU with a driver for Direct3D 12.',
  })[process.platform as string] ?? 'It works on Linux (x64), macOS and Windows.';
