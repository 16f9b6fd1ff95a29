import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { fail, StratusError } from '@stratus/core';
import type { Field, Fields, Message, Scalar, Schema } from './schema.ts';

/** How a value lies in the message. */
export const wireTypeOf: Readonly<Record<Scalar, WireType>> = {
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
  bool: WireType.Varint,
  int32: WireType.Varint,
  int64: WireType.Varint,
  uint32: WireType.Varint,
  uint64: WireType.Varint,
  enum: WireType.Varint,
  float: WireType.Bit32,
  double: WireType.Bit64,
};

/** A number where that is exact. */
export const exact = (value: bigint | string): number | bigint => {
  const whole = BigInt(value);
  return BigInt.asIntN(54, whole) === whole ? Number(whole) : whole;
};

/** One value out of a message. */
export const readScalar: { readonly [S in Scalar]: (reader: BinaryReader) => unknown } = {
  string: (reader) => reader.string(true),
  bytes: (reader) => reader.bytes(),
  bool: (reader) => reader.bool(),
  int32: (reader) => Number(BigInt.asIntN(32, BigInt(reader.int64()))),
  int64: (reader) => exact(reader.int64()),
  uint32: (reader) => Number(BigInt.asUintN(32, BigInt(reader.uint64()))),
  uint64: (reader) => exact(reader.uint64()),
  enum: (reader) => reader.int32(),
  float: (reader) => reader.float(),
  double: (reader) => reader.double(),
};

const defaults: { readonly [S in Scalar]: unknown } = {
  string: '',
  bytes: new Uint8Array(0),
  bool: false,
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  enum: 0,
  float: 0,
  double: 0,
};

/** The library passes over the end in places: whoever has read all has to be there exactly. */
export function checkEnd(reader: BinaryReader): void {
  if (reader.pos !== reader.len) throw new RangeError('it ends in the middle of a value');
}

/** What a client is told whose bytes are no such message. */
export const malformed = (name: string, e: unknown): StratusError =>
  fail('bad-request', {
    reason: `This is no message ${name}: ${e instanceof Error ? e.message : String(e)}. Compare the client's .proto files with those of the Open Inference Protocol v2.`,
  });

/** Fields by number, made once for each schema. */
const numbered = new WeakMap<Schema, ReadonlyMap<number, readonly [string, Field]>>();
function fieldsOf(schema: Schema): ReadonlyMap<number, readonly [string, Field]> {
  let known = numbered.get(schema);
  if (!known) {
    known = new Map(Object.entries(schema.fields).map(([name, field]) => [field.id, [name, field]]));
    numbered.set(schema, known);
  }
  return known;
}

const joined = (first: Uint8Array | undefined, second: Uint8Array): Uint8Array =>
  first === undefined || first.length === 0 ? second : Buffer.concat([first, second]);

/** So many values are read of one message: more say nothing, and would take memory many times their bytes. */
const mostValues = 65_536;

/** What is left of `mostValues`. */
interface Left {
  values: number;
}

/** A message out of its bytes, with views of them instead of copies. Errors: `bad-request`. */
export function decode<F extends Fields>(schema: Schema<F>, bytes: Uint8Array): Message<F> {
  try {
    return readMessage(schema, bytes, { values: mostValues }) as Message<F>;
  } catch (e) {
    if (StratusError.is(e)) throw e;
    throw malformed(schema.name, e);
  }
}

function readMessage(schema: Schema, bytes: Uint8Array, left: Left): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [name, { type, many }] of Object.entries(schema.fields)) {
    if (many === 'list') message[name] = [];
    else if (many === 'map') message[name] = new Map();
    else message[name] = many === 'maybe' ? undefined : defaults[type as Scalar];
  }
  const reader = new BinaryReader(bytes);
  const known = fieldsOf(schema);
  while (reader.pos < reader.len) {
    const [id, wire] = reader.tag();
    count(left);
    const found = known.get(id);
    if (found) readField(schema, message, found, reader, wire, left);
    else reader.skip(wire, id);
  }
  checkEnd(reader);
  return message;
}

function readField(
  schema: Schema,
  message: Record<string, unknown>,
  [name, field]: readonly [string, Field],
  reader: BinaryReader,
  wire: WireType,
  left: Left,
): void {
  const { type, many, oneof, raw } = field;
  const own = typeof type === 'string' ? wireTypeOf[type] : WireType.LengthDelimited;
  if (many === 'list' && typeof type === 'string' && own !== WireType.LengthDelimited && wire === WireType.LengthDelimited) {
    readPacked(message[name] as unknown[], type, reader.bytes(), left);
    return;
  }
  if (wire !== own) throw new Error(`the field '${name}' has the wire type ${wire}`);
  if (many === 'map') {
    const [key, value] = readEntry(type, reader.bytes(), left);
    (message[name] as Map<string, unknown>).set(key, value);
    return;
  }
  const before = message[name];
  if (oneof !== undefined)
    for (const [other, of] of Object.entries(schema.fields)) if (of.oneof === oneof) message[other] = undefined;
  if (typeof type === 'string') {
    const value = readScalar[type](reader);
    if (many === 'list') (before as unknown[]).push(value);
    else message[name] = value;
  } else {
    const part = reader.bytes();
    if (raw) message[name] = joined(before as Uint8Array | undefined, part);
    else if (many === 'list') (before as unknown[]).push(readMessage(type, part, left));
    else message[name] = readMessage(type, part, left);
  }
}

function count(left: Left): void {
  if (--left.values < 0) throw new Error(`it has more than ${mostValues} values outside of its tensors`);
}

function readPacked(values: unknown[], type: Scalar, bytes: Uint8Array, left: Left): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    count(left);
    values.push(readScalar[type](reader));
  }
  checkEnd(reader);
}

function readEntry(type: Scalar | Schema, bytes: Uint8Array, left: Left): [string, unknown] {
  let key = '';
  let value: unknown = typeof type === 'string' ? defaults[type] : readMessage(type, new Uint8Array(0), left);
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [id, wire] = reader.tag();
    count(left);
    if (id === 1 && wire === WireType.LengthDelimited) key = reader.string(true);
    else if (id === 2 && typeof type !== 'string' && wire === WireType.LengthDelimited)
      value = readMessage(type, reader.bytes(), left);
    else if (id === 2 && typeof type === 'string' && wire === wireTypeOf[type]) value = readScalar[type](reader);
    else reader.skip(wire, id);
  }
  checkEnd(reader);
  return [key, value];
}
