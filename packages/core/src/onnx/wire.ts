import { fail, type StratusError } from '../errors.ts';

/** An integer of 64 bits: a number where that is exact, else a bigint. */
export type Int64 = number | bigint;

/** How a field is laid out: the low three bits of its tag. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

// Fatal, because replacing what is not UTF-8 would change names without a word.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const two32 = 2 ** 32;

/**
 * Reads the Protocol Buffers wire format. Every read is checked against the end of the part that is being read, and nothing is
 * allocated by a length that has not been checked, so that hostile bytes end in `not-onnx`.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly file: string;
  at = 0;
  end: number;
  /** Halves of the varint read last. */
  low = 0;
  high = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.file = file;
    this.end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  broken(reason: string): StratusError {
    return fail('not-onnx', { file: this.file, reason: `${reason} (at byte ${this.at})` });
  }

  /** Moves on by `count` bytes and gives the position before. */
  advance(count: number): number {
    if (count > this.end - this.at) throw this.broken('it ends in the middle of a value');
    const from = this.at;
    this.at += count;
    return from;
  }

  /** Reads up to 64 bits into `low` and `high`. */
  varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.bytes[this.advance(1)]!;
      const bits = byte & 127;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw this.broken('a number has more than 10 bytes');
  }

  int64(): Int64 {
    this.varint();
    const value = (this.high | 0) * two32 + this.low;
    return Number.isSafeInteger(value) ? value : (BigInt(this.high | 0) << 32n) | BigInt(this.low);
  }

  /** As Protocol Buffers has it: the low 32 bits of whatever is there. */
  int32(): number {
    this.varint();
    return this.low | 0;
  }

  float(): number {
    return this.#view.getFloat32(this.advance(4), true);
  }

  /** The next part with a length before it: reading stays inside until `leave(outer)`. */
  enter(): number {
    this.varint();
    const length = this.high * two32 + this.low;
    if (length > this.end - this.at)
      throw this.broken(`a part of ${length} bytes is announced where ${this.end - this.at} are left`);
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** A view of the bytes, not a copy. */
  part(): Uint8Array {
    const outer = this.enter();
    const part = this.bytes.subarray(this.at, this.end);
    this.leave(outer);
    return part;
  }

  text(): string {
    try {
      return utf8.decode(this.part());
    } catch (e) {
      if (e instanceof TypeError) throw this.broken('a text is not UTF-8');
      throw e;
    }
  }

  /** Number of the next field, and how it is laid out. */
  tag(): { readonly id: number; readonly wire: number } {
    this.varint();
    const id = this.low >>> 3;
    if (id === 0 || this.high !== 0) throw this.broken('a field has an impossible number');
    return { id, wire: this.low & 7 };
  }

  /** Passes over the value of a field. */
  skip(wire: number): void {
    if (wire === wireTypes.varint) this.varint();
    else if (wire === wireTypes.fixed64) this.advance(8);
    else if (wire === wireTypes.bytes) this.leave(this.enter());
    else if (wire === wireTypes.fixed32) this.advance(4);
    else throw this.broken(`a field has the unknown wire type ${wire}`);
  }
}

const varintLength = (low: number, high: number): number => {
  const bits = high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low | 1);
  return Math.ceil(bits / 7);
};

/** Bytes that TextEncoder makes of a text, without making them. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    const paired = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (paired) i++; // four bytes for two units
  }
  return bytes;
}

/** A part that is still to be copied to its place. */
export interface LaterCopy {
  readonly at: number;
  readonly part: Uint8Array;
}

const largePart = 2 ** 20;

/**
 * Writes the wire format. The same calls are made twice: a writer without bytes only counts, and remembers the length of every
 * nested part; the one that is made of it writes, so that all goes straight to its final place.
 */
export class WireWriter {
  at = 0;
  readonly #bytes: Uint8Array | undefined;
  readonly #view: DataView | undefined;
  readonly #lengths: number[];
  readonly #later: LaterCopy[] | undefined;
  #next = 0;

  /** `later`: large parts are noted there instead of being copied. */
  constructor(counted?: WireWriter, later?: LaterCopy[]) {
    this.#lengths = counted ? counted.#lengths : [];
    this.#later = later;
    this.#bytes = counted && new Uint8Array(counted.at);
    this.#view = this.#bytes && new DataView(this.#bytes.buffer);
  }

  /** What was written. */
  get bytes(): Uint8Array {
    return this.#bytes ?? new Uint8Array(0);
  }

  varint(low: number, high = 0): void {
    if (!this.#bytes) {
      this.at += varintLength(low, high);
      return;
    }
    while (low > 127 || high > 0) {
      this.#bytes[this.at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.at++] = low;
  }

  int64(value: Int64): void {
    if (typeof value === 'bigint') {
      this.varint(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
    } else {
      if (!Number.isSafeInteger(value))
        throw fail('bad-value', { what: 'ONNX', got: String(value), want: 'a whole number', fix: 'Use a bigint beyond 2^53.' });
      const high = Math.floor(value / two32);
      this.varint(value - high * two32, high >>> 0);
    }
  }

  float(value: number): void {
    this.#view?.setFloat32(this.at, value, true);
    this.at += 4;
  }

  raw(part: Uint8Array): void {
    if (this.#later && part.length >= largePart) this.#later.push({ at: this.at, part });
    else this.#bytes?.set(part, this.at);
    this.at += part.length;
  }

  part(part: Uint8Array): void {
    this.#length(part.length);
    this.raw(part);
  }

  text(text: string): void {
    const length = utf8Length(text);
    this.#length(length);
    if (this.#bytes) encoder.encodeInto(text, this.#bytes.subarray(this.at, this.at + length));
    this.at += length;
  }

  tag(id: number, wire: number): void {
    this.varint(((id << 3) | wire) >>> 0);
  }

  /** A part whose length is known only when it is written. */
  nested(write: () => void): void {
    if (this.#bytes) {
      this.#length(this.#lengths[this.#next++]!);
      write();
    } else {
      const slot = this.#lengths.push(0) - 1;
      const from = this.at;
      write();
      this.#lengths[slot] = this.at - from;
      this.#length(this.#lengths[slot]);
    }
  }

  #length(length: number): void {
    this.varint(length >>> 0, Math.floor(length / two32));
  }
}
