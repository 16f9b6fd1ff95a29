// The messages of Arrow, one at a time. The library believes every length; here they are looked at before.
import type { FileHandle } from 'node:fs/promises';

/** A table of FlatBuffers: what it holds is found by the number of the field. */
class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #fields: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#fields = at - view.getInt32(at, true);
  }

  /** Where a field lies; undefined where it is left out. */
  #place(field: number): number | undefined {
    const slot = 4 + 2 * field;
    if (slot >= this.#view.getUint16(this.#fields, true)) return undefined;
    const offset = this.#view.getUint16(this.#fields + slot, true);
    return offset === 0 ? undefined : this.#at + offset;
  }

  byte(field: number): number {
    const place = this.#place(field);
    return place === undefined ? 0 : this.#view.getUint8(place);
  }

  long(field: number): number {
    const place = this.#place(field);
    return place === undefined ? 0 : Number(this.#view.getBigInt64(place, true));
  }

  table(field: number): FlatTable | undefined {
    const place = this.#place(field);
    return place === undefined ? undefined : new FlatTable(this.#view, place + this.#view.getUint32(place, true));
  }

  /** The tables of a list, or nothing for what is no table. Throws for a list that is longer than what is there. */
  list(field: number, bytesEach: number): FlatTable[] {
    const place = this.#place(field);
    if (place === undefined) return [];
    const start = place + this.#view.getUint32(place, true);
    const length = this.#view.getUint32(start, true);
    if (start + 4 + length * bytesEach > this.#view.byteLength) throw new RangeError('a list is longer than its message');
    if (bytesEach !== 4) return [];
    const at = Array.from({ length }, (_, i) => start + 4 + 4 * i);
    return at.map((one) => new FlatTable(this.#view, one + this.#view.getUint32(one, true)));
  }
}

const deepest = 64;

function checkField(field: FlatTable, depth = 0): void {
  if (depth > deepest) throw new RangeError(`types are nested deeper than ${deepest}`);
  for (const child of field.list(5, 4)) checkField(child, depth + 1);
  field.list(6, 4);
}
function checkSchema(schema: FlatTable): void {
  for (const field of schema.list(1, 4)) checkField(field);
  schema.list(2, 4);
  schema.list(3, 8);
}
function checkBatch(batch: FlatTable): void {
  batch.list(1, 16);
  batch.list(2, 16);
  batch.list(4, 8);
}
/** By the number of the kind of message: Message.fbs and Schema.fbs of Arrow have these fields. */
const checks: Readonly<Record<number, (header: FlatTable) => void>> = {
  1: checkSchema,
  2: (dictionary) => {
    const data = dictionary.table(1);
    if (data) checkBatch(data);
  },
  3: checkBatch,
};

/** How many bytes follow the description of a message. */
function bodyBytes(description: Uint8Array): number {
  const view = new DataView(description.buffer, description.byteOffset, description.byteLength);
  const message = new FlatTable(view, view.getUint32(0, true));
  const [check, header] = [checks[message.byte(1)], message.table(2)];
  if (!check || !header) throw new RangeError('a message of a kind that is not known');
  check(header);
  message.list(4, 4);
  return message.long(3);
}

const goesOn = 0xffffffff;

/**
 * The messages of a stream that begins at `start`, up to its end, each with what it says of itself. Throws for one that is cut off, and for a stream without an end: it could
 * else end between any two.
 */
export async function* messagesOf(handle: FileHandle, start: number): AsyncGenerator<Uint8Array> {
  const { size } = await handle.stat();
  let at = start;
  const read = async (from: number, length: number): Promise<Uint8Array> => {
    if (!(length >= 0 && from + length <= size)) throw new RangeError(`it is cut off after ${size} bytes`);
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, from);
    if (bytesRead < length) throw new RangeError('it became shorter while it was read');
    return bytes;
  };
  for (;;) {
    const prefix = new DataView((await read(at, 8)).buffer);
    if (prefix.getUint32(0, true) !== goesOn) throw new RangeError(`at byte ${at} there is no message`);
    const length = prefix.getInt32(4, true);
    if (length === 0) break;
    const body = bodyBytes(await read(at + 8, length));
    const message = await read(at, 8 + length + body);
    at += message.length;
    yield message;
  }
  yield Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);
}
