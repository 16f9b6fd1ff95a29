import { fail } from '../../../errors.ts';
import { lookUp } from '../../../suggest.ts';
import { type DType, type Tensor, type TypedArray, zeros } from '../../../tensor/index.ts';
import type { Held, Tensors } from '../../executor.ts';
import { inTurn, Line } from '../../line.ts';
import { checkHoldable, checkWrite } from '../../ports.ts';
import { copyInPieces } from '../../turns.ts';
import { nextTurn } from '../next-turn.ts';
import type { Library } from './library.ts';
import { Owned, valueOver } from './values.ts';

/** One held tensor: two buffers that take turns, each with an OrtValue over it. The second is made at the first update. */
export class HeldSlot {
  readonly name: string;
  /** The set it belongs to. Its OrtValues go with that, so whoever is to use them must keep it, also while waiting for a turn. */
  readonly set: NativeHeld;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly #library: Library;
  readonly #owned: Owned;
  readonly #dims: BigInt64Array;
  readonly #data: TypedArray[] = [];
  readonly #values: bigint[] = [];
  #current: 0 | 1 = 0;

  constructor(name: string, { dtype, shape }: Tensor, parts: { library: Library; owned: Owned; set: NativeHeld }) {
    this.name = name;
    this.set = parts.set;
    this.dtype = dtype;
    this.shape = [...shape];
    this.#library = parts.library;
    this.#owned = parts.owned;
    this.#dims = BigInt64Array.from(shape, BigInt);
    this.#buffer(0);
  }

  #buffer(which: 0 | 1): void {
    const data = zeros(this.shape, this.dtype).data as TypedArray;
    const value = valueOver(this.#library, this.dtype, this.#dims, data);
    const library = this.#library;
    this.#owned.add(() => library.call('ReleaseValue', value));
    this.#data[which] = data;
    this.#values[which] = value;
  }

  /** The memory that runs read. */
  get data(): TypedArray {
    return this.#data[this.#current]!;
  }

  /** The OrtValue that runs read. */
  get value(): bigint {
    return this.#values[this.#current]!;
  }

  /** The OrtValue that a run may write to while others read the old numbers. */
  spare(): bigint {
    const other = this.#current === 0 ? 1 : 0;
    if (this.#values[other] === undefined) this.#buffer(other);
    return this.#values[other]!;
  }

  /** The memory behind it. */
  get spareData(): TypedArray {
    return this.#data[this.#current === 0 ? 1 : 0]!;
  }

  /** What was written to the spare buffer becomes the held tensor. */
  swap(): void {
    this.#current = this.#current === 0 ? 1 : 0;
  }
}

/** Held tensors in memory that the engine reads and writes in place. */
export class NativeHeld implements Held {
  readonly names: readonly string[];
  readonly line = new Line();
  readonly #owned: Owned;
  #slots: Readonly<Record<string, HeldSlot>> | undefined;

  private constructor(library: Library, tensors: Tensors) {
    const owned = new Owned(this);
    this.names = Object.keys(tensors);
    this.#owned = owned;
    this.#slots = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, new HeldSlot(name, tensor, { library, owned, set: this })]),
    );
  }

  static async of(library: Library, tensors: Tensors): Promise<NativeHeld> {
    checkHoldable(tensors);
    const held = new NativeHeld(library, tensors);
    for (const [name, { data }] of Object.entries(tensors))
      await copyInPieces(held.slots[name]!.data, data as TypedArray, nextTurn);
    return held;
  }

  /** Errors: `released`. */
  get slots(): Readonly<Record<string, HeldSlot>> {
    if (!this.#slots) throw fail('released', { what: 'The set of held tensors' });
    return this.#slots;
  }

  async read(names: readonly string[] = this.names): Promise<Record<string, Tensor>> {
    const slots = names.map((name) => lookUp('held tensor', this.slots, name));
    return inTurn([this.line], async () => {
      const copies: Record<string, Tensor> = {};
      for (const { name, dtype, shape, data } of slots) {
        const copy = zeros(shape, dtype);
        await copyInPieces(copy.data as TypedArray, data, nextTurn);
        copies[name] = copy;
      }
      return copies;
    });
  }

  async write(tensors: Tensors): Promise<void> {
    const { slots } = this;
    checkWrite(slots, tensors);
    await inTurn([this.line], async () => {
      checkWrite(slots, tensors); // once more: memory may have been transferred away while waiting
      for (const [name, { data }] of Object.entries(tensors)) await copyInPieces(slots[name]!.data, data as TypedArray, nextTurn);
    });
  }

  async release(): Promise<void> {
    this.#slots = undefined;
    await inTurn([this.line], () => this.#owned.free());
  }
}
