import type { ModelProto } from './proto.ts';
import { type Field, type Message, type PackedArray, type PackedKind, packedArrays, type Schema } from './schema.ts';
import { model as modelSchema } from './schemas.ts';
import { WireReader, wireTypes } from './wire.ts';

/** As Protocol Buffers' own readers have it. */
const deepest = 100;

/** How a file is named in errors. */
export interface DecodeOptions {
  readonly file?: string | undefined;
}

/**
 * An ONNX file as plain objects. Raw tensor data is not copied: it is a view of `bytes`, which must not be changed while the
 * result is in use. Fields of later versions are kept and written again.
 *
 * Errors: `not-onnx` for anything that is not a whole ONNX model. Source: onnx.proto (IR 10), Protocol Buffers encoding.
 *
 * @example
 * import { decodeModel, exportGraph, graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * const bytes = exportGraph({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } });
 * console.log(decodeModel(bytes).graph?.node?.length); // 1
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): ModelProto {
  const reader = new WireReader(bytes, options.file ?? 'The model');
  const model = readMessage<ModelProto>(reader, modelSchema);
  if (model.graph === undefined) throw reader.broken(bytes.length === 0 ? 'it is empty' : 'it has no graph');
  const named = model.irVersion !== undefined && (model.irVersion < 3 || (model.opsetImport ?? []).length > 0);
  if (!named) throw reader.broken('it does not say which version of ONNX it is');
  return model;
}

/** Any message. */
export const decodeMessage = <M>(schema: Schema<M>, bytes: Uint8Array, options: DecodeOptions = {}): M =>
  readMessage<M>(new WireReader(bytes, options.file ?? 'The model'), schema);

function readMessage<M>(from: WireReader, schema: Schema, into: Message = {}, depth = 0): M {
  if (depth > deepest) throw from.broken(`it nests deeper than ${deepest} levels`);
  const lists = new Map<string, PackedList>();
  while (from.at < from.end) {
    const start = from.at;
    const { id, wire } = from.tag();
    const [name, field] = schema.byId.get(id) ?? [];
    if (field?.kind === 'packed' && (wire === wireTypes.bytes || wire === packedWire(field.packed!))) {
      let list = lists.get(name!);
      if (!list) lists.set(name!, (list = new PackedList(field.packed!, into[name!] as PackedArray | undefined)));
      list.read(from, wire);
    } else if (field?.repeated && field.kind !== 'packed' && wireOf(field) === wire) {
      ((into[name!] ??= []) as unknown[]).push(readOne(from, field, undefined, depth));
    } else if (field && isNumber(field) && field.repeated && wire === wireTypes.bytes) {
      const values = (into[name!] ??= []) as unknown[];
      const outer = from.enter();
      while (from.at < from.end) values.push(readOne(from, field, undefined, depth));
      from.leave(outer);
    } else if (field && field.kind !== 'packed' && wireOf(field) === wire) {
      into[name!] = readOne(from, field, into[name!], depth);
    } else {
      from.skip(wire);
      keepUnknown(into, from.bytes.subarray(start, from.at));
    }
  }
  for (const [name, list] of lists) into[name] = list.finish();
  return into as M;
}

const isNumber = ({ kind }: Field): boolean => kind === 'int32' || kind === 'int64' || kind === 'float';
const wireOf = ({ kind }: Field): number =>
  kind === 'int32' || kind === 'int64' ? wireTypes.varint : kind === 'float' ? wireTypes.fixed32 : wireTypes.bytes;
const packedWire = (kind: PackedKind): number =>
  kind === 'float32' ? wireTypes.fixed32 : kind === 'float64' ? wireTypes.fixed64 : wireTypes.varint;

function readOne(from: WireReader, field: Field, before: unknown, depth: number): unknown {
  switch (field.kind) {
    case 'int32':
      return from.int32();
    case 'int64':
      return from.int64();
    case 'float':
      return from.float();
    case 'text':
      return from.text();
    case 'bytes':
      return from.part();
    default: {
      const outer = from.enter();
      const message = readMessage<Message>(from, field.of!(), before as Message | undefined, depth + 1);
      from.leave(outer);
      return message;
    }
  }
}

/** One view over neighbours instead of one each: many tiny fields must not cost many objects. */
function keepUnknown(into: Message, part: Uint8Array): void {
  const parts = (into['unknownFields'] ??= []) as Uint8Array[];
  const last = parts[parts.length - 1];
  if (last && last.byteOffset + last.length === part.byteOffset)
    parts[parts.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + part.length);
  else parts.push(part);
}

/** Numbers of one field, which may come in several packed parts and one by one. */
class PackedList {
  #length: number;
  #values: PackedArray;
  readonly #wire: number;

  /** `before`: what the message held already, where it comes in several parts. */
  constructor(kind: PackedKind, before: PackedArray = new packedArrays[kind](0)) {
    this.#length = before.length;
    this.#values = before;
    this.#wire = packedWire(kind);
  }

  read(from: WireReader, wire: number): void {
    if (wire === this.#wire) return this.#one(from);
    const outer = from.enter();
    if (this.#wire === wireTypes.varint) {
      let count = 0;
      for (let i = from.at; i < from.end; i++) if (from.bytes[i]! < 128) count++;
      this.#reserve(count);
      while (from.at < from.end) this.#one(from);
    } else {
      const width = this.#values.BYTES_PER_ELEMENT;
      if ((from.end - from.at) % width !== 0) throw from.broken('a list of numbers ends in the middle of one');
      const count = (from.end - from.at) / width;
      this.#reserve(count);
      this.#bytes(this.#length, count).set(from.bytes.subarray(from.at, from.end));
      this.#length += count;
    }
    from.leave(outer);
  }

  finish(): PackedArray {
    return this.#length === this.#values.length ? this.#values : this.#values.slice(0, this.#length);
  }

  #one(from: WireReader): void {
    this.#reserve(1);
    const at = this.#length++;
    if (this.#wire === wireTypes.varint) {
      from.varint();
      if (this.#values instanceof Int32Array) this.#values[at] = from.low;
      else (this.#values as BigUint64Array)[at] = (BigInt(from.high) << 32n) | BigInt(from.low);
    } else {
      const width = this.#values.BYTES_PER_ELEMENT;
      const start = from.advance(width);
      this.#bytes(at, 1).set(from.bytes.subarray(start, start + width));
    }
  }

  #bytes(start: number, count: number): Uint8Array {
    const width = this.#values.BYTES_PER_ELEMENT;
    return new Uint8Array(this.#values.buffer, start * width, count * width);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#values.length) return;
    const larger = new (this.#values.constructor as new (n: number) => PackedArray)(
      Math.max(needed, this.#length === 0 ? 0 : needed * 2),
    );
    larger.set(this.#values.subarray(0, this.#length) as never);
    this.#values = larger;
  }
}
