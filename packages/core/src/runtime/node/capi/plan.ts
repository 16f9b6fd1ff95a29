import { fail } from '../../../errors.ts';
import { type DType, showShape, sizeOf, Tensor, type TypedArray, zeros } from '../../../tensor/index.ts';
import type { Tensors } from '../../executor.ts';
import { checkTensor, copyOf, knownShape, type Sizes, type Wiring } from '../../ports.ts';
import { checkRows, type RowTensors } from '../../row-updates.ts';
import { copyInPieces } from '../../turns.ts';
import { nextTurn } from '../next-turn.ts';
import type { Cell } from './device.ts';
import type { HeldSlot } from './held.ts';
import type { Library } from './library.ts';
import { Owned, tensorOf, valueOfTexts, valueOver } from './values.ts';

/** Tensors up to this size go through memory of the plan: cheaper than to make and free an OrtValue each time. */
const smallBytes = 16384;

/** Memory of the plan with an OrtValue over it. */
interface Staging {
  readonly data: TypedArray;
  readonly value: bigint;
}

interface Feed {
  readonly index: number;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly dims: BigInt64Array;
  readonly bytes: number;
  staging: Staging | undefined;
}

/** Memory that an output is written to, which stays when the run is over. */
export interface Target {
  readonly name: string;
  readonly shape: readonly number[];
  readonly spare: Cell;
  /** Called when the run has succeeded. */
  swap(): void;
}

interface Output {
  readonly index: number;
  readonly name: string;
  readonly dtype: DType;
  /** Undefined where only the run can tell. */
  readonly shape: readonly number[] | undefined;
  readonly dims: BigInt64Array;
  readonly update: Target | undefined;
  readonly fetch: boolean;
  readonly staging: Staging | undefined;
}

/** Outputs with some rows of a held tensor. */
interface RowOutputs {
  readonly slot: HeldSlot;
  readonly rows: Output;
  readonly values: Output;
}

/** What is read before the engine frees it need not be copied. */
const inPlace = { inPlace: true } as const;

/** Names as the C side wants them, by port. */
export type NameAddresses = ReadonlyMap<string, bigint>;

/**
 * Everything about a run that only depends on who gives which input, where the outputs go, and the shapes: names, pointers, small
 * buffers. Made once, so that a training step with forty held tensors costs a few microseconds beside the kernels.
 */
export class Plan {
  /** How much it is fed. */
  readonly elements: number;
  /** How long the last three runs took. */
  #lately: readonly number[] = [];
  readonly #library: Library;
  readonly #owned = new Owned(this);
  readonly #feeds: readonly Feed[];
  readonly #held: readonly { readonly index: number; readonly slot: HeldSlot }[];
  readonly #outputs: readonly Output[];
  readonly #rowOutputs: readonly RowOutputs[];
  readonly #inNames: BigUint64Array;
  readonly #inValues: BigUint64Array;
  readonly #outNames: BigUint64Array;
  readonly #outValues: BigUint64Array;
  readonly #addresses: readonly [bigint, bigint, bigint, bigint];
  /** OrtValues of one run. */
  readonly #once: bigint[] = [];
  /** Memory of the caller that one run reads: must not be collected meanwhile. */
  readonly #used: TypedArray[] = [];
  /** New memory of one run, by output. */
  readonly #results: (TypedArray | undefined)[] = [];
  /** False after an output came out in another shape than its declaration says: then the engine allocates. */
  #trusted = true;

  constructor(
    library: Library,
    names: { readonly inputs: NameAddresses; readonly outputs: NameAddresses },
    wiring: Wiring,
    {
      feeds,
      slots,
      sizes,
      passedOn,
    }: {
      readonly feeds: Tensors;
      readonly slots: Readonly<Record<string, HeldSlot>> | undefined;
      readonly sizes: Sizes;
      /** Outputs that a second model reads. */
      readonly passedOn?: ReadonlyMap<string, Target> | undefined;
    },
  ) {
    this.#library = library;
    this.elements = Object.values(feeds).reduce((n, { data }) => n + data.length, 0);
    const order = wiring.inputs.map(({ port, held }, index) => ({ port, held, index }));
    this.#feeds = order
      .filter(({ held }) => !held)
      .map(({ port: { name }, index }) => {
        const { dtype, shape } = feeds[name]!;
        const dims = BigInt64Array.from(shape, BigInt);
        return {
          index,
          name,
          dtype,
          shape: [...shape],
          dims,
          bytes: (feeds[name]!.data as TypedArray).byteLength,
          staging: undefined,
        };
      });
    this.#held = order.filter(({ held }) => held).map(({ port, index }) => ({ index, slot: slots![port.name]! }));
    this.#outputs = wiring.outputs.map(({ port: { name, dtype }, port, update: held, fetch }, index) => {
      const update = held === undefined ? passedOn?.get(name) : slots![held]!;
      const shape = update === undefined && dtype !== 'string' ? knownShape(port, sizes) : undefined;
      const dims = BigInt64Array.from(shape ?? [], BigInt);
      const memory = shape && sizeOf(shape) * 8 <= smallBytes ? this.#stage(dtype, shape, dims) : undefined;
      return {
        index,
        name,
        dtype,
        shape,
        dims,
        update,
        fetch,
        staging: memory,
      };
    });
    const outputOf = (wanted: string): Output => this.#outputs.find(({ name }) => name === wanted)!;
    this.#rowOutputs = wiring.rowUpdates.map(({ held, rows, values }) => ({
      slot: slots![held]!,
      rows: outputOf(rows),
      values: outputOf(values),
    }));
    this.#inNames = BigUint64Array.from(wiring.inputs, ({ port }) => names.inputs.get(port.name)!);
    this.#outNames = BigUint64Array.from(wiring.outputs, ({ port }) => names.outputs.get(port.name)!);
    this.#inValues = new BigUint64Array(wiring.inputs.length);
    this.#outValues = new BigUint64Array(wiring.outputs.length);
    this.#addresses = [
      library.address(this.#inNames),
      library.address(this.#inValues),
      library.address(this.#outNames),
      library.address(this.#outValues),
    ];
  }

  /** How long a run takes: one of three that was longer than the others, on a machine that had other things to do, says nothing. Undefined before the first. */
  get usualMs(): number | undefined {
    return [...this.#lately].sort((a, b) => a - b)[(this.#lately.length - 1) >> 1];
  }

  took(ms: number): void {
    this.#lately = [...this.#lately, ms].slice(-3);
  }

  /** True when these feeds have the shapes that this plan was made for. */
  fits(feeds: Tensors): boolean {
    for (const { name, shape } of this.#feeds) {
      const given = feeds[name]!.shape;
      if (given.length !== shape.length) return false;
      for (let i = 0; i < shape.length; i++) if (given[i] !== shape[i]) return false;
    }
    return true;
  }

  /** Makes sure that the feeds still have their memory. Errors: `dtype-mismatch`, `bad-value`. */
  check(feeds: Tensors): void {
    for (const { name } of this.#feeds) checkTensor(`input '${name}'`, feeds[name]!);
  }

  #stage(dtype: DType, shape: readonly number[], dims: BigInt64Array): Staging {
    const data = zeros(shape, dtype).data as TypedArray;
    const library = this.#library;
    const value = valueOver(library, dtype, dims, data);
    this.#owned.add(() => library.call('ReleaseValue', value));
    return { data, value };
  }

  #staged(feed: Feed): Staging {
    feed.staging ??= this.#stage(feed.dtype, feed.shape, feed.dims);
    this.#inValues[feed.index] = feed.staging.value;
    return feed.staging;
  }

  /**
   * Puts the feeds in place for a run in this thread, during which nobody else can touch them: larger ones are used where they
   * are.
   */
  place(feeds: Tensors): void {
    for (const feed of this.#feeds) {
      const { data } = feeds[feed.name]!;
      if (feed.dtype === 'string') this.#placeTexts(feed, data as string[]);
      else if (feed.bytes <= smallBytes) (this.#staged(feed).data as Float32Array).set(data as Float32Array);
      else {
        this.#used.push(data as TypedArray);
        this.#inValues[feed.index] = this.#keep(valueOver(this.#library, feed.dtype, feed.dims, data as TypedArray));
      }
    }
    this.#placeRest();
  }

  /** Puts copies of the feeds in place for a run in another thread: while it lasts, their memory may be transferred away. */
  async placeCopies(feeds: Tensors): Promise<void> {
    for (const feed of this.#feeds) {
      const { data } = feeds[feed.name]!;
      if (feed.dtype === 'string') this.#placeTexts(feed, data as string[]);
      else await copyInPieces(this.#staged(feed).data, data as TypedArray, nextTurn);
    }
    this.#placeRest();
  }

  #placeTexts(feed: Feed, texts: readonly string[]): void {
    this.#inValues[feed.index] = this.#keep(valueOfTexts(this.#library, feed.dims, texts));
  }

  #placeRest(): void {
    for (const { index, slot } of this.#held) this.#inValues[index] = slot.value;
    for (const { index, dtype, shape, dims, update, staging } of this.#outputs) {
      if (update) this.#outValues[index] = update.spare.value;
      else if (!shape || !this.#trusted)
        this.#outValues[index] = 0n; // the engine allocates
      else if (staging) this.#outValues[index] = staging.value;
      else {
        const data = zeros(shape, dtype).data as TypedArray;
        this.#results[index] = data;
        this.#outValues[index] = this.#keep(valueOver(this.#library, dtype, dims, data));
      }
    }
  }

  #keep(value: bigint): bigint {
    this.#once.push(value);
    return value;
  }

  /** What OrtApi.Run takes. */
  args(session: bigint, runOptions: bigint): (bigint | number)[] {
    const [inNames, inValues, outNames, outValues] = this.#addresses;
    return [session, runOptions, inNames, inValues, this.#inValues.length, outNames, this.#outValues.length, outValues];
  }

  /** The outputs to return. */
  collect(): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = {};
    for (const output of this.#outputs) if (output.fetch) tensors[output.name] = this.#collected(output);
    return tensors;
  }

  /** What writes the rows, which are checked; to be done before `clear`. Errors: `shape-mismatch`, `index-range`. */
  collectRows(): readonly (() => Promise<void>)[] {
    return this.#rowOutputs.map(({ slot, rows, values }) => {
      const update: RowTensors = { rows: this.#collected(rows, inPlace), values: this.#collected(values, inPlace) };
      checkRows(slot.name, slot, update);
      return () => slot.cell.writeRows!(update);
    });
  }

  #collected({ index, dtype, shape, update, staging }: Output, where: { readonly inPlace?: boolean } = {}): Tensor {
    if (update) {
      const copy = zeros(update.shape, dtype);
      update.spare.readNow(copy.data as TypedArray);
      return copy;
    }
    if (!shape || !this.#trusted) return tensorOf(this.#library, this.#outValues[index]!, where);
    return new Tensor(dtype, [...shape], staging ? copyOf(dtype, staging.data) : this.#results[index]!);
  }

  /** Makes the updates come true, but for those of rows. */
  commit(): void {
    for (const { update } of this.#outputs) update?.swap();
  }

  /** Frees what one run needed, however it ended. */
  clear(): void {
    for (const value of this.#once) this.#library.call('ReleaseValue', value);
    this.#once.length = 0;
    this.#used.length = 0;
    this.#results.length = 0;
    for (const { index, shape, update } of this.#outputs) {
      const allocated = !update && (!shape || !this.#trusted);
      if (allocated && this.#outValues[index] !== 0n) this.#library.call('ReleaseValue', this.#outValues[index]!);
      if (allocated) this.#outValues[index] = 0n;
    }
  }

  /** Throws `shape-mismatch` when ONNX Runtime's message about shapes is about an update. */
  checkUpdates(e: Error): void {
    const name = /output '([^']*)'/.exec(e.message)?.[1] ?? /for output: (\S+)/.exec(e.message)?.[1];
    const update = this.#outputs.find((output) => output.name === name)?.update;
    if (!update) return;
    const got = /shape for this run is \{([^}]*)\}/.exec(e.message)?.[1];
    throw fail(
      'shape-mismatch',
      {
        what: `the update of '${update.name}' by the output '${name}'`,
        got: got === undefined ? 'another shape' : `[${got.split(',').join(', ')}]`,
        want: showShape(update.shape),
      },
      e,
    );
  }

  /** Gives up on declared shapes. False when that was done before, so that another try is of no use. */
  distrust(): boolean {
    const had = this.#trusted;
    this.#trusted = false;
    return had;
  }

  /** Frees what the plan holds; it must not be used afterwards. */
  free(): void {
    this.#owned.free();
  }
}
