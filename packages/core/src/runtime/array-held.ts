import { fail } from '../errors.ts';
import { lookUp } from '../suggest.ts';
import { sizeOf, type Tensor, type TypedArray, zeros } from '../tensor/index.ts';
import type { Held, Tensors } from './executor.ts';
import { inTurn, Line } from './line.ts';
import { checkHoldable, checkWrite } from './ports.ts';
import { copyInPieces } from './turns.ts';

/** One held tensor; `data` is moved away while a run in another thread has it. */
export interface ArraySlot extends Pick<Tensor, 'dtype' | 'shape'> {
  data: TypedArray;
}

/** Held tensors as plain arrays, for engines that take and give arrays. */
export class ArrayHeld implements Held {
  readonly names: readonly string[];
  readonly line = new Line();
  /** Gives others their turn while much is copied. */
  readonly nextTurn: () => Promise<void>;
  #slots: Readonly<Record<string, ArraySlot>> | undefined;

  private constructor(slots: Readonly<Record<string, ArraySlot>>, nextTurn: () => Promise<void>) {
    this.names = Object.keys(slots);
    this.#slots = slots;
    this.nextTurn = nextTurn;
  }

  static async of(tensors: Tensors, nextTurn: () => Promise<void>): Promise<ArrayHeld> {
    checkHoldable(tensors);
    const slots: Record<string, ArraySlot> = {};
    for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
      const own = zeros(shape, dtype).data as TypedArray;
      await copyInPieces(own, data as TypedArray, nextTurn);
      slots[name] = { dtype, shape: [...shape], data: own };
    }
    return new ArrayHeld(slots, nextTurn);
  }

  /** Errors: `released`. */
  get slots(): Readonly<Record<string, ArraySlot>> {
    if (!this.#slots) throw fail('released', { what: 'The set of held tensors' });
    return this.#slots;
  }

  async read(names: readonly string[] = this.names): Promise<Record<string, Tensor>> {
    const slots = names.map((name) => [name, lookUp('held tensor', this.slots, name)] as const);
    return inTurn([this.line], async () => {
      const copies: Record<string, Tensor> = {};
      for (const [name, { dtype, shape, data }] of slots) {
        if (data.length !== sizeOf(shape))
          throw fail('engine', { doing: `reading '${name}'`, reason: 'the thread that had it ended' });
        const copy = zeros(shape, dtype);
        await copyInPieces(copy.data as TypedArray, data, this.nextTurn);
        copies[name] = copy;
      }
      return copies;
    });
  }

  async write(tensors: Tensors): Promise<void> {
    checkWrite(this.slots, tensors);
    await inTurn([this.line], async () => {
      checkWrite(this.slots, tensors);
      for (const [name, { data }] of Object.entries(tensors)) {
        const slot = this.slots[name]!;
        if (slot.data.length !== sizeOf(slot.shape)) slot.data = zeros(slot.shape, slot.dtype).data as TypedArray;
        await copyInPieces(slot.data, data as TypedArray, this.nextTurn);
      }
    });
  }

  async release(): Promise<void> {
    this.#slots = undefined;
    await inTurn([this.line], () => {});
  }
}
