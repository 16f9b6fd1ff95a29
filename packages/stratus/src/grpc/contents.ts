import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type DType, dtypes, fail, StratusError, Tensor } from '@stratus/core';
import { giveTurn, type RawInput, tensorOfBytes } from '../serve/index.ts';
import { checkEnd, malformed, readScalar, wireTypeOf } from './decode.ts';
import { inferTensorContents } from './messages.ts';
import type { Scalar } from './schema.ts';

type Kind = keyof typeof inferTensorContents.fields;

/** The list that the elements of each type are in. float16 has none: its bytes are sent raw. */
const kindOf: Readonly<Record<DType, Kind | undefined>> = {
  bool: 'bool_contents',
  int8: 'int_contents',
  int16: 'int_contents',
  int32: 'int_contents',
  int64: 'int64_contents',
  uint8: 'uint_contents',
  uint16: 'uint_contents',
  uint32: 'uint_contents',
  uint64: 'uint64_contents',
  float32: 'fp32_contents',
  float64: 'fp64_contents',
  float16: undefined,
  string: 'bytes_contents',
};

/** So many elements are read or written between two looks at the clock: about a millisecond. */
const piece = 16_384;

const kinds = new Map<number, Kind>(
  (Object.keys(inferTensorContents.fields) as Kind[]).map((kind) => [inferTensorContents.fields[kind].id, kind]),
);

const sizeOf = ({ shape }: RawInput): number => shape.reduce((n, d) => n * d, 1);
const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64';

const wrongCount = (input: RawInput, got: string) =>
  fail('bad-request', {
    reason: `Input '${input.port.name}': the contents have ${got} elements; the shape [${input.shape.join(', ')}] needs ${sizeOf(input)}.`,
  });

/** Takes elements as they come; what they become is known when all are there. */
interface Filling {
  count: number;
  next(reader: BinaryReader): void;
  tensor(): Tensor;
}

/** Numbers go straight to their place. */
function numbers(input: RawInput, scalar: Scalar): Filling {
  const { name, dtype } = input.port;
  const tensor = new Tensor(dtype, input.shape, dtypes[dtype].make(sizeOf(input)) as never);
  const [low, high] = dtypes[dtype].range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const isBig = dtype === 'int64' || dtype === 'uint64';
  return {
    count: 0,
    next(reader) {
      if (this.count >= tensor.size) throw wrongCount(input, `more than ${tensor.size}`);
      const value = readScalar[scalar](reader) as number | bigint;
      if (isBig) (tensor.data as BigInt64Array)[this.count++] = BigInt(value);
      else if (value < low || value > high) {
        const reason = `Input '${name}': element ${this.count} is ${value}; ${dtypes[dtype].oip} takes whole numbers from ${low} to ${high}.`;
        throw fail('bad-request', { reason });
      } else (tensor.data as Float64Array)[this.count++] = Number(value);
    },
    tensor: () => tensor,
  };
}

/** Texts are brought into the form that raw ones have, which is read in one place. */
function texts(input: RawInput): Filling {
  const parts: Uint8Array[] = [];
  const size = sizeOf(input);
  return {
    count: 0,
    next(reader) {
      if (this.count++ >= size) throw wrongCount(input, `more than ${size}`);
      const length = Buffer.alloc(4);
      const text = reader.bytes();
      length.writeUInt32LE(text.length);
      parts.push(length, text);
    },
    tensor: () => tensorOfBytes(input, Buffer.concat(parts)),
  };
}

/** Elements in a row without tags. Errors: `bad-request`. */
async function fill(filling: Filling, packed: BinaryReader): Promise<void> {
  let steps = 0;
  while (packed.pos < packed.len) {
    filling.next(packed);
    if (++steps % piece === 0) await giveTurn();
  }
  checkEnd(packed);
}

/**
 * The tensor that typed contents stand for.
 * Errors: `bad-request` for elements of another type, too many or too few, or of which one does not fit.
 */
export async function readContents(input: RawInput, bytes: Uint8Array): Promise<Tensor> {
  const { name, dtype } = input.port;
  const kind = input.isBfloat16 ? undefined : kindOf[dtype];
  if (kind === undefined) {
    const datatype = input.isBfloat16 ? 'BF16' : dtypes[dtype].oip;
    throw fail('bad-request', { reason: `Input '${name}': ${datatype} has no typed contents; send raw_input_contents.` });
  }
  const size = sizeOf(input);
  // Every element takes a byte at least: what is allocated is never larger than eight times what was sent.
  if (size > bytes.length) throw wrongCount(input, bytes.length === 0 ? 'no' : `at most ${bytes.length}`);
  const scalar = inferTensorContents.fields[kind].type;
  const filling = kind === 'bytes_contents' ? texts(input) : numbers(input, scalar);
  const reader = new BinaryReader(bytes);
  let steps = 0;
  try {
    while (reader.pos < reader.len) {
      if (++steps % piece === 0) await giveTurn();
      const [id, wire] = reader.tag();
      const found = kinds.get(id);
      if (found !== kind) {
        if (found === undefined || reader.skip(wire, id).length <= 1) continue;
        throw fail('bad-request', {
          reason: `Input '${name}': ${dtypes[dtype].oip} has its elements in ${kind}, not in ${found}.`,
        });
      }
      if (wire === wireTypeOf[scalar]) filling.next(reader);
      else if (wire === WireType.LengthDelimited) {
        const part = reader.bytes();
        const isAll = filling.count === 0 && reader.pos === reader.len && part.length === size * dtypes[dtype].bytes;
        if (isAll && isFloat(dtype)) return tensorOfBytes(input, part); // packed floats lie as in memory
        await fill(filling, new BinaryReader(part));
      } else throw new Error(`the field '${kind}' has the wire type ${wire}`);
    }
    checkEnd(reader);
  } catch (e) {
    throw StratusError.is(e) ? e : malformed(inferTensorContents.name, e);
  }
  if (filling.count !== size) throw wrongCount(input, String(filling.count));
  return filling.tensor();
}

/** Whether the elements of a type have typed contents. */
export const hasContents = (dtype: DType): boolean => kindOf[dtype] !== undefined;

const put = {
  bool: (writer: BinaryWriter, value: number) => writer.bool(value !== 0),
  int32: (writer: BinaryWriter, value: number) => writer.int32(value),
  uint32: (writer: BinaryWriter, value: number) => writer.uint32(value),
  int64: (writer: BinaryWriter, value: bigint) => writer.int64(value),
  uint64: (writer: BinaryWriter, value: bigint) => writer.uint64(value),
};

/** A tensor as typed contents; its type is one that has them. */
export async function writeContents({ dtype, data }: Tensor): Promise<Uint8Array> {
  const { id, type } = inferTensorContents.fields[kindOf[dtype]!];
  const writer = new BinaryWriter();
  if (Array.isArray(data)) {
    for (const [i, text] of data.entries()) {
      writer.tag(id, WireType.LengthDelimited).string(text);
      if (i % piece === piece - 1) await giveTurn();
    }
    return writer.finish();
  }
  if (data.length === 0) return writer.finish();
  writer.tag(id, WireType.LengthDelimited);
  if (isFloat(dtype)) return writer.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).finish();
  writer.fork();
  const write = put[type as keyof typeof put] as (writer: BinaryWriter, value: unknown) => unknown;
  for (let i = 0; i < data.length; i++) {
    write(writer, data[i]);
    if (i % piece === piece - 1) await giveTurn();
  }
  return writer.join().finish();
}
