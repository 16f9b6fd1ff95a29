import { type DType, dtypeOfOnnx, dtypes, Tensor, type TypedArray } from '../../../tensor/index.ts';
import { inTurn, type Line } from '../../line.ts';
import type { Library } from './library.ts';

/** Native objects that belong together, freed once, at the latest when their owner is forgotten. */
export class Owned {
  /** What whoever frees them must stand in. */
  readonly lines: readonly Line[];
  readonly #free: (() => void)[] = [];
  #freed = false;

  /** `owner` must not be reachable from what is added. */
  constructor(owner: object, lines: readonly Line[] = []) {
    this.lines = lines;
    forgotten.register(owner, this, this);
  }

  add(free: () => void): void {
    this.#free.push(free);
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    forgotten.unregister(this);
    for (const free of this.#free) free();
  }
}

const forgotten = new FinalizationRegistry<Owned>((owned) => void inTurn(owned.lines, () => owned.free()));

/** An OrtValue over the memory of `data`: the engine reads and writes that very memory. To be freed with ReleaseValue. */
export function valueOver(library: Library, dtype: DType, dims: BigInt64Array, data: TypedArray): bigint {
  return library.make(
    'CreateTensorWithDataAsOrtValue',
    library.cpuMemory,
    library.address(data),
    data.byteLength,
    library.address(dims),
    dims.length,
    dtypes[dtype].onnx,
  );
}

/** An OrtValue with copies of texts. */
export function valueOfTexts(library: Library, dims: BigInt64Array, texts: readonly string[]): bigint {
  const value = library.make('CreateTensorAsOrtValue', library.allocator, library.address(dims), dims.length, dtypes.string.onnx);
  try {
    texts.forEach((text, i) => library.call('FillStringTensorElement', value, String(text), i));
  } catch (e) {
    library.call('ReleaseValue', value);
    throw e;
  }
  return value;
}

const textsOf = (library: Library, value: bigint, count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const length = Number(library.make('GetStringTensorElementLength', value, i));
    const bytes = new Uint8Array(length);
    library.call('GetStringTensorElement', value, length, i, library.address(bytes));
    return new TextDecoder().decode(bytes);
  });

/** A tensor over a copy of an OrtValue that the engine allocated; `inPlace`: over its own memory, until it is freed. */
export function tensorOf(library: Library, value: bigint, { inPlace = false } = {}): Tensor {
  const info = library.make('GetTensorTypeAndShape', value);
  try {
    const dtype = dtypeOfOnnx(Number(library.make('GetTensorElementType', info)));
    if (!dtype) throw new Error('an output has an element type that does not cross the engine boundary');
    const shape = dimensionsOf(library, info);
    const count = shape.reduce((n, d) => n * d, 1);
    if (dtype === 'string') return new Tensor(dtype, shape, textsOf(library, value, count));
    const address = library.make('GetTensorMutableData', value);
    const bytes = count * dtypes[dtype].bytes;
    const buffer = inPlace ? library.view(address, bytes) : library.copy(address, bytes);
    const Data = dtypes[dtype].make(0).constructor as new (buffer: ArrayBuffer) => TypedArray;
    return new Tensor<DType>(dtype, shape, new Data(buffer));
  } finally {
    library.call('ReleaseTensorTypeAndShapeInfo', info);
  }
}

/** The sizes in an OrtTensorTypeAndShapeInfo; -1 where one is not known. */
export function dimensionsOf(library: Library, info: bigint): number[] {
  const rank = Number(library.make('GetDimensionsCount', info));
  const dims = new BigInt64Array(rank);
  if (rank > 0) library.call('GetDimensions', info, library.address(dims), rank);
  return Array.from(dims, Number);
}
