import { fail } from '../errors.ts';
import type { ModelProto } from './proto.ts';
import type { Field, Message, PackedArray, Schema } from './schema.ts';
import { model as modelSchema } from './schemas.ts';
import { type Int64, type LaterCopy, WireWriter, wireTypes } from './wire.ts';

/** Protocol Buffers, and so ONNX Runtime, read no more. */
const limit = 2 ** 31 - 1;

/**
 * The bytes of an ONNX file. Tensor data is copied once, to its final place. Equal models give equal bytes.
 *
 * Errors: `bad-value` for a model of 2 GB or more. Source: onnx.proto (IR 10), Protocol Buffers encoding.
 *
 * @example
 * import { encodeModel, graphInput, graphToModel, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * const bytes = encodeModel(graphToModel({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } }));
 * console.log(bytes.length > 0); // true
 */
export const encodeModel = (model: ModelProto): Uint8Array => encodeMessage(modelSchema, model);

/**
 * As {@link encodeModel}, for models of any size beside other work: large tensors are copied by `copy`, which may take turns.
 * They must stay as they are meanwhile. Errors: as `encodeModel`.
 */
export async function encodeModelInTurns(
  model: ModelProto,
  copy: (target: Uint8Array, source: Uint8Array) => Promise<void>,
): Promise<Uint8Array> {
  const later: LaterCopy[] = [];
  const bytes = encodeMessage(modelSchema, model, later);
  for (const { at, part } of later) await copy(bytes.subarray(at, at + part.length), part);
  return bytes;
}

/** The bytes of any message; large parts are left out where `later` takes a note of them. */
export function encodeMessage<M extends object>(schema: Schema<M>, message: M, later?: LaterCopy[]): Uint8Array {
  const counted = new WireWriter();
  writeMessage(counted, schema, message as Message);
  if (counted.at > limit)
    throw fail('bad-value', {
      what: 'ONNX file',
      got: `${counted.at} bytes`,
      want: 'less than 2 GB',
      fix: 'Put large tensors into a file of their own (externalData).',
    });
  const writer = new WireWriter(counted, later);
  writeMessage(writer, schema, message as Message);
  return writer.bytes;
}

function writeMessage(to: WireWriter, schema: Schema, message: Message): void {
  for (const [name, field] of schema.fields) {
    const value = message[name];
    if (value === undefined) continue;
    if (field.kind === 'packed') writePacked(to, field, value as PackedArray);
    else if (field.repeated) for (const item of value as readonly unknown[]) writeOne(to, field, item);
    else writeOne(to, field, value);
  }
  for (const part of (message['unknownFields'] as readonly Uint8Array[] | undefined) ?? []) to.raw(part);
}

function writeOne(to: WireWriter, field: Field, value: unknown): void {
  switch (field.kind) {
    case 'int32':
    case 'int64':
      to.tag(field.id, wireTypes.varint);
      return to.int64(value as Int64);
    case 'float':
      to.tag(field.id, wireTypes.fixed32);
      return to.float(value as number);
    case 'text':
      to.tag(field.id, wireTypes.bytes);
      return to.text(value as string);
    case 'bytes':
      to.tag(field.id, wireTypes.bytes);
      return to.part(value as Uint8Array);
    default:
      to.tag(field.id, wireTypes.bytes);
      return to.nested(() => writeMessage(to, field.of!(), value as Message));
  }
}

function writePacked(to: WireWriter, field: Field, values: PackedArray): void {
  if (values.length === 0) return;
  to.tag(field.id, wireTypes.bytes);
  if (values instanceof Float32Array || values instanceof Float64Array)
    to.part(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  else to.nested(() => values.forEach((v: Int64) => to.int64(v)));
}
