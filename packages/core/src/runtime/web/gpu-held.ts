import type * as Ort from 'onnxruntime-web/webgpu';
import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { type DType, dtypes, sizeOf, Tensor, type TypedArray } from '../../tensor/index.ts';
import type { Held, Tensors } from '../executor.ts';
import { inTurn, Line } from '../line.ts';
import { checkHoldable, checkWrite, copyOf } from '../ports.ts';
import type { Gpu, GpuBuffer } from './gpu-load.ts';

// GPUBufferUsage and GPUMapMode, as numbers of the standard.
const mapRead = 0x0001;
const copySource = 0x0004;
const copyTarget = 0x0008;
const storage = 0x0080;

/** What ONNX Runtime takes as buffers of the GPU; others are held as arrays. */
const onGpu: ReadonlySet<DType> = new Set(['float32', 'float16', 'int32', 'int64', 'uint32', 'uint8', 'bool']);

/** Memory of one tensor. */
interface Cell {
  /** As runs take it. */
  readonly tensor: Ort.Tensor;
  /** True where a run can write to it. */
  readonly inPlace: boolean;
  read(): Promise<TypedArray>;
  write(from: TypedArray): void;
  free(): void;
}

function bufferCell({ ort, device }: Gpu, dtype: DType, shape: readonly number[]): Cell {
  const bytes = sizeOf(shape) * dtypes[dtype].bytes;
  const size = Math.max(16, Math.ceil(bytes / 16) * 16); // as ONNX Runtime makes its own
  const buffer = device.createBuffer({ size, usage: storage | copySource | copyTarget });
  const options = { dataType: dtype as 'float32', dims: [...shape] };
  return {
    tensor: ort.Tensor.fromGpuBuffer(buffer as never, options),
    inPlace: true,
    async read() {
      const staging: GpuBuffer = device.createBuffer({ size, usage: mapRead | copyTarget });
      const commands = device.createCommandEncoder();
      commands.copyBufferToBuffer(buffer, 0, staging, 0, size);
      device.queue.submit([commands.finish()]);
      await staging.mapAsync(mapRead);
      const data = dtypes[dtype].make(sizeOf(shape)) as TypedArray;
      bytesOf(data).set(new Uint8Array(staging.getMappedRange(), 0, bytes));
      staging.unmap();
      staging.destroy();
      return data;
    },
    write(from) {
      const whole = new Uint8Array(Math.ceil(bytes / 4) * 4); // what is copied is a multiple of 4
      whole.set(bytesOf(from));
      device.queue.writeBuffer(buffer, 0, whole);
    },
    free: () => buffer.destroy(),
  };
}

function arrayCell({ ort }: Gpu, dtype: DType, shape: readonly number[]): Cell {
  const data = dtypes[dtype].make(sizeOf(shape)) as TypedArray;
  return {
    tensor: new ort.Tensor(dtype as 'float32', data as Float32Array, [...shape]),
    inPlace: false,
    read: async () => copyOf(dtype, data),
    write: (from) => (data as Float32Array).set(from as Float32Array),
    free: () => {},
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** One held tensor: two cells that take turns. */
export class GpuSlot {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly #gpu: Gpu;
  readonly #cells: [Cell, Cell?];
  #current: 0 | 1 = 0;

  constructor(gpu: Gpu, { dtype, shape, data }: Tensor) {
    this.dtype = dtype;
    this.shape = [...shape];
    this.#gpu = gpu;
    this.#cells = [this.#cell()];
    this.now.write(data as TypedArray);
  }

  #cell(): Cell {
    return (onGpu.has(this.dtype) ? bufferCell : arrayCell)(this.#gpu, this.dtype, this.shape);
  }

  /** What runs read. */
  get now(): Cell {
    return this.#cells[this.#current]!;
  }

  /** What a run may write to. */
  get spare(): Cell {
    const other = this.#current === 0 ? 1 : 0;
    this.#cells[other] ??= this.#cell();
    return this.#cells[other];
  }

  swap(): void {
    this.#current = this.#current === 0 ? 1 : 0;
  }

  free(): void {
    for (const cell of this.#cells) cell?.free();
  }
}

type Slots = Readonly<Record<string, GpuSlot>>;

/** Held tensors in the memory of the GPU. */
export class GpuHeld implements Held {
  readonly names: readonly string[];
  readonly line = new Line();
  readonly #lines: readonly Line[];
  #slots: Slots | undefined;

  /** Errors: `dtype-mismatch`, `bad-value`. `engine`: what everything on the GPU stands in. */
  constructor(gpu: Gpu, engine: Line, tensors: Tensors) {
    checkHoldable(tensors);
    this.names = Object.keys(tensors);
    this.#lines = [this.line, engine];
    this.#slots = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, new GpuSlot(gpu, tensor)]));
    forgotten.register(this, this.#slots, this);
  }

  /** Errors: `released`. */
  get slots(): Slots {
    if (!this.#slots) throw fail('released', { what: 'The set of held tensors' });
    return this.#slots;
  }

  async read(names: readonly string[] = this.names): Promise<Record<string, Tensor>> {
    const slots = names.map((name) => [name, lookUp('held tensor', this.slots, name)] as const);
    return inTurn(this.#lines, async () => {
      const read = slots.map(
        async ([name, { dtype, shape, now }]) => [name, new Tensor(dtype, shape, await now.read())] as const,
      );
      return Object.fromEntries(await Promise.all(read));
    });
  }

  async write(tensors: Tensors): Promise<void> {
    const { slots } = this;
    checkWrite(slots, tensors);
    await inTurn(this.#lines, () => {
      checkWrite(slots, tensors);
      for (const [name, { data }] of Object.entries(tensors)) slots[name]!.now.write(data as TypedArray);
    });
  }

  async release(): Promise<void> {
    const slots = this.#slots;
    this.#slots = undefined;
    forgotten.unregister(this);
    if (slots) await inTurn(this.#lines, () => free(slots));
  }
}

const free = (slots: Slots): void => {
  for (const slot of Object.values(slots)) slot.free();
};

/** What nobody can reach any more no run uses any more: a run keeps what it uses. A destroyed buffer is kept until its commands are done. */
const forgotten = new FinalizationRegistry<Slots>(free);
