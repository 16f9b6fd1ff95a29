import { fail } from '../../../errors.ts';
import { lookUp } from '../../../suggest.ts';
import { type DType, type Tensor, type TypedArray, zeros } from '../../../tensor/index.ts';
import type { Held, Tensors } from '../../executor.ts';
import { inTurn, Line } from '../../line.ts';
import { checkHoldable, checkWrite } from '../../ports.ts';
import type { Cell, Device } from './device.ts';
import type { Library } from './library.ts';
import { Owned } from './values.ts';

/** One held tensor: two cells of memory that take turns. The second is made at the first update. */
export class HeldSlot {
  readonly name: string;
  /** The set it belongs to. Its OrtValues go with that, so whoever is to use them must keep it, also while waiting for a turn. */
  readonly set: NativeHeld;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly #parts: { readonly library: Library; readonly device: Device; readonly owned: Owned };
  readonly #dims: BigInt64Array;
  readonly #cells: [Cell, Cell?];
  #current: 0 | 1 = 0;

  constructor(
    name: string,
    { dtype, shape }: Tensor,
    parts: { readonly library: Library; readonly device: Device; readonly owned: Owned; readonly set: NativeHeld },
  ) {
    this.name = name;
    this.set = parts.set;
    this.dtype = dtype;
    this.shape = [...shape];
    this.#parts = parts;
    this.#dims = BigInt64Array.from(shape, BigInt);
    this.#cells = [this.#cell()];
  }

  #cell(): Cell {
    const { library, device, owned } = this.#parts;
    const cell = device.cell(this.dtype, this.shape, this.#dims);
    owned.add(() => library.call('ReleaseValue', cell.value));
    return cell;
  }

  /** The memory that runs read. */
  get cell(): Cell {
    return this.#cells[this.#current]!;
  }

  /** The OrtValue that runs read. */
  get value(): bigint {
    return this.cell.value;
  }

  /** The memory that a run may write to while others read the old numbers. */
  get spare(): Cell {
    const other = this.#current === 0 ? 1 : 0;
    this.#cells[other] ??= this.#cell();
    return this.#cells[other];
  }

  /** What was written to the spare cell becomes the held tensor. */
  swap(): void {
    this.#current = this.#current === 0 ? 1 : 0;
  }
}

/** Held tensors in memory that the engine reads and writes in place. */
export class NativeHeld implements Held {
  readonly names: readonly string[];
  /** What runs with these tensors stand in, besides those of the device. */
  readonly line = new Line();
  readonly device: Device;
  readonly #lines: readonly Line[];
  readonly #owned: Owned;
  #slots: Readonly<Record<string, HeldSlot>> | undefined;

  private constructor(library: Library, device: Device, tensors: Tensors) {
    const owned = new Owned(this, device.lines);
    this.device = device;
    this.#lines = [this.line, ...device.lines];
    this.names = Object.keys(tensors);
    this.#owned = owned;
    this.#slots = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, new HeldSlot(name, tensor, { library, device, owned, set: this })]),
    );
  }

  static async of(library: Library, device: Device, tensors: Tensors): Promise<NativeHeld> {
    checkHoldable(tensors);
    return inTurn(device.lines, async () => {
      const held = new NativeHeld(library, device, tensors);
      for (const [name, { data }] of Object.entries(tensors)) await held.slots[name]!.cell.write(data as TypedArray);
      return held;
    });
  }

  /** Errors: `released`. */
  get slots(): Readonly<Record<string, HeldSlot>> {
    if (!this.#slots) throw fail('released', { what: 'The set of held tensors' });
    return this.#slots;
  }

  async read(names: readonly string[] = this.names): Promise<Record<string, Tensor>> {
    const slots = names.map((name) => lookUp('held tensor', this.slots, name));
    return inTurn(this.#lines, async () => {
      const copies: Record<string, Tensor> = {};
      for (const { name, dtype, shape, cell } of slots) {
        const copy = zeros(shape, dtype);
        await cell.read(copy.data as TypedArray);
        copies[name] = copy;
      }
      return copies;
    });
  }

  async write(tensors: Tensors): Promise<void> {
    const { slots } = this;
    checkWrite(slots, tensors);
    await inTurn(this.#lines, async () => {
      checkWrite(slots, tensors); // once more: memory may have been transferred away while waiting
      for (const [name, { data }] of Object.entries(tensors)) await slots[name]!.cell.write(data as TypedArray);
    });
  }

  async release(): Promise<void> {
    this.#slots = undefined;
    await inTurn(this.#lines, () => this.#owned.free());
  }
}
