import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { wireTypeOf } from './decode.ts';
import type { Field, Partly, Scalar, Schema } from './schema.ts';

/** Bytes from this size on are handed on as they are, not copied behind the others. */
const apart = 65_536;

const put: { readonly [S in Scalar]: (writer: BinaryWriter, value: never) => unknown } = {
  string: (writer, value: string) => writer.string(value),
  bytes: (writer, value: Uint8Array) => writer.bytes(value),
  bool: (writer, value: boolean) => writer.bool(value),
  int32: (writer, value: number) => writer.int32(value),
  int64: (writer, value: number | bigint) => writer.int64(value),
  uint32: (writer, value: number) => writer.uint32(value),
  uint64: (writer, value: number | bigint) => writer.uint64(value),
  enum: (writer, value: number) => writer.int32(value),
  float: (writer, value: number) => writer.float(value),
  double: (writer, value: number) => writer.double(value),
};

const isDefault = (value: unknown): boolean =>
  value === '' || value === false || value === 0 || value === 0n || (value instanceof Uint8Array && value.length === 0);

function writeSingle(writer: BinaryWriter, { id, type, raw }: Field, value: unknown): void {
  if (typeof type === 'string') put[type](writer.tag(id, wireTypeOf[type]), value as never);
  else if (raw) writer.tag(id, WireType.LengthDelimited).bytes(value as Uint8Array);
  else {
    writer.tag(id, WireType.LengthDelimited).fork();
    writeMessage(writer, type, value as Readonly<Record<string, unknown>>);
    writer.join();
  }
}

function writeList(writer: BinaryWriter, field: Field, values: readonly unknown[]): void {
  const { id, type } = field;
  if (typeof type !== 'string' || wireTypeOf[type] === WireType.LengthDelimited) {
    for (const value of values) writeSingle(writer, field, value);
    return;
  }
  if (values.length === 0) return;
  writer.tag(id, WireType.LengthDelimited).fork();
  for (const value of values) put[type](writer, value as never);
  writer.join();
}

function writeMap(writer: BinaryWriter, { id, type }: Field, values: ReadonlyMap<string, unknown>): void {
  for (const [key, value] of values) {
    writer.tag(id, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key);
    writeSingle(writer, { id: 2, type, many: 'one' }, value);
    writer.join();
  }
}

function writeField(writer: BinaryWriter, field: Field, value: unknown): void {
  if (value === undefined) return;
  if (field.many === 'list') writeList(writer, field, value as readonly unknown[]);
  else if (field.many === 'map') writeMap(writer, field, value as ReadonlyMap<string, unknown>);
  else if (field.many === 'maybe' || !isDefault(value)) writeSingle(writer, field, value);
}

function writeMessage(writer: BinaryWriter, { fields }: Schema, message: Readonly<Record<string, unknown>>): void {
  for (const [name, field] of Object.entries(fields)) writeField(writer, field, message[name]);
}

/** The bytes of a message, in order, as several parts where some are large: those are not copied. */
export function encode<S extends Schema>(schema: S, message: Partly<S>): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  const writer = new BinaryWriter();
  const cut = (): void => void parts.push(writer.finish());
  for (const [name, field] of Object.entries(schema.fields)) {
    const value = (message as Readonly<Record<string, unknown>>)[name];
    const large = field.type === 'bytes' && field.many === 'list' && (value as readonly Uint8Array[] | undefined);
    if (!large) {
      writeField(writer, field, value);
      continue;
    }
    for (const bytes of large) {
      if (bytes.length < apart) writeSingle(writer, field, bytes);
      else {
        writer.tag(field.id, WireType.LengthDelimited).uint32(bytes.length);
        cut();
        parts.push(bytes);
      }
    }
  }
  cut();
  return parts;
}
