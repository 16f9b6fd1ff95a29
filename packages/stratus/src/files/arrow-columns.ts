// Columns of Arrow as tensors.
import { type DType, fail, Tensor } from '@stratus/core';
import { type DataType, type Decimal, type FixedSizeList, Precision, Type, type Vector } from 'apache-arrow';
import type { ColumnType } from './column-types.ts';

/** What a column is read as, and whether one record has several values. */
interface Plan {
  readonly type: ColumnType;
  /** How many values a record has in a list of fixed size. */
  readonly width?: number;
}

type Kind = 'number' | 'bool' | 'text' | 'date' | 'time' | 'decimal' | 'nested' | 'other';

const kinds: Partial<Record<Type, Kind>> = {
  [Type.Int]: 'number',
  [Type.Float]: 'number',
  [Type.Bool]: 'bool',
  [Type.Utf8]: 'text',
  [Type.LargeUtf8]: 'text',
  [Type.Utf8View]: 'text',
  [Type.Date]: 'date',
  [Type.Timestamp]: 'time',
  [Type.Decimal]: 'decimal',
  [Type.List]: 'nested',
  [Type.LargeList]: 'nested',
  [Type.FixedSizeList]: 'nested',
  [Type.Struct]: 'nested',
  [Type.Map]: 'nested',
};

/** The type of the values; that of the words, where they are numbered. */
const plainType = (type: DataType): DataType =>
  type.typeId === Type.Dictionary ? (type as unknown as { dictionary: DataType }).dictionary : type;
const kindOf = (type: DataType): Kind => kinds[plainType(type).typeId as Type] ?? 'other';

const listTypes: Readonly<Record<string, ColumnType>> = {
  Float32: 'float32',
  Float64: 'float64',
  Int32: 'int32',
  Uint8: 'uint8',
};

/** What a column is read as. Errors: `bad-value` where it cannot be. */
export function planOf(name: string, type: DataType, wanted: ColumnType | undefined): Plan {
  const kind = kindOf(type);
  if (type.typeId === Type.FixedSizeList) {
    const { listSize, children } = type as FixedSizeList;
    const own = listTypes[String(children[0]!.type)];
    if (own && (wanted === undefined || wanted === own)) return { type: own, width: listSize };
  }
  const isNumber = kind === 'number' || kind === 'bool' || kind === 'decimal';
  if (kind !== 'other' && (wanted === 'string' || (wanted === undefined && !isNumber))) return { type: 'string' };
  if (wanted === undefined && isNumber) return { type: 'float64' };
  if (wanted !== undefined && (isNumber || (kind !== 'other' && kind !== 'nested' && kind !== 'text'))) return { type: wanted };
  throw fail('bad-value', {
    what: `arrow, column '${name}'`,
    got: `${String(type)}${wanted === undefined ? '' : ` to be read as ${wanted}`}`,
    want: 'numbers, truth values, texts, times or lists of fixed size with numbers',
    fix:
      wanted === undefined
        ? 'Leave it out: name the columns that you want with { columns }.'
        : "Read it as 'string', or leave it out.",
  });
}

/** 128 bits in words of 32, the lowest first. */
function decimal(words: Uint32Array, scale: number): number {
  let value = 0n;
  for (const [i, word] of words.entries()) value |= BigInt(word) << BigInt(32 * i);
  const text = String(BigInt.asIntN(32 * words.length, value));
  return Number(`${text}e${-scale}`);
}

const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));

/** A value as a number, text or null. */
function valueReader(type: DataType): (value: unknown) => number | bigint | string | null {
  const plain = plainType(type);
  const readers: Readonly<Record<Kind, (value: unknown) => number | bigint | string | null>> = {
    number: (value) => value as number | bigint,
    bool: (value) => Number(value),
    text: (value) => value as string,
    date: (value) => new Date(Number(value)).toISOString().slice(0, 10),
    time: (value) => new Date(Number(value)).toISOString(),
    decimal: (value) => decimal(value as Uint32Array, (plain as Decimal).scale),
    nested: jsonOf,
    other: () => null,
  };
  const read = readers[kindOf(type)];
  return (value) => (value === null || value === undefined ? null : read(value));
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
} as const;

/** The numbers of a vector as they lie in memory; undefined where they have to be looked at one by one. */
function numbersOf(vector: Vector): ArrayLike<number> | undefined {
  const { type, nullCount } = vector;
  const isPlain =
    type.typeId === Type.Int ||
    (type.typeId === Type.Float && (type as unknown as { precision: Precision }).precision !== Precision.HALF);
  const values: unknown = isPlain && nullCount === 0 ? vector.toArray() : undefined;
  return ArrayBuffer.isView(values) && !(values instanceof BigInt64Array || values instanceof BigUint64Array)
    ? (values as unknown as ArrayLike<number>)
    : undefined;
}

const fits: Partial<Record<ColumnType, (x: number) => boolean>> = {
  int32: (x) => x === (x | 0),
  uint8: (x) => x === (x & 255),
  bool: (x) => x === 0 || x === 1,
};

/** A column as a tensor, and the first place that has no value though there must be one. */
export function tensorOf(
  vector: Vector,
  { type, width }: Plan,
): { readonly values: Tensor; readonly missing: number | undefined } {
  const count = vector.length;
  if (width !== undefined) {
    const items = vector.getChildAt(0)!;
    const numbers = numbersOf(items);
    const Items = arrays[type as keyof typeof arrays];
    const data = numbers ? new Items(numbers) : new Items(count * width);
    if (!numbers) for (let at = 0; at < data.length; at++) data[at] = Number(items.get(at) ?? Number.NaN);
    const missing = vector.nullCount > 0 ? Array.from({ length: count }, (_, i) => i).find((i) => !vector.isValid(i)) : undefined;
    return { values: new Tensor(type as DType, [count, width], data as never), missing };
  }
  const read = valueReader(vector.type);
  if (type === 'string') {
    const texts = Array.from({ length: count }, (_, i) => String(read(vector.get(i)) ?? ''));
    return { values: new Tensor('string', [count], texts), missing: undefined };
  }
  let missing: number | undefined;
  if (type === 'int64') {
    const data = new BigInt64Array(count);
    for (let i = 0; i < count; i++) {
      const value = read(vector.get(i));
      const whole = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
      if (whole === undefined || BigInt.asIntN(64, whole) !== whole) missing ??= i;
      else data[i] = whole;
    }
    return { values: new Tensor('int64', [count], data), missing };
  }
  const Numbers = type === 'bool' ? Uint8Array : arrays[type];
  const fit = fits[type];
  const fast = numbersOf(vector);
  if (fast && !fit) return { values: new Tensor(type as 'float32', [count], new Numbers(fast) as never), missing };
  const data = new Numbers(count);
  const isTime = kindOf(vector.type) === 'date' || kindOf(vector.type) === 'time';
  for (let i = 0; i < count; i++) {
    const raw: unknown = vector.get(i);
    const value = fast ? fast[i]! : isTime && raw !== null ? Number(raw) : read(raw);
    const x = value === null ? Number.NaN : Number(value);
    if (fit && !fit(x)) missing ??= i;
    data[i] = x;
  }
  return { values: new Tensor(type as 'float32', [count], data as never), missing };
}
