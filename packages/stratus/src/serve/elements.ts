import { type DType, dtypes, fail, fromFloat16, Tensor, toFloat16 } from '@stratus/core';
import { giveTurn } from './give-turn.ts';
import { datatypeOf, type ResponseElement } from './protocol.ts';
import { shown } from './wording.ts';

/** So many elements are read or written between two looks at the clock: about a millisecond. */
const piece = 65536;

/** How elements are read. */
export interface ElementReading {
  /** Floats may be NaN and infinite. */
  readonly nonFinite?: boolean;
}

/** Puts one element where it belongs; returns what it should have been, if it is something else. */
type Put = (data: never, at: number, value: unknown) => string | undefined;

const float =
  (largest: number): Put =>
  (data: Float64Array, at, value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') return 'a number';
    const x = (data[at] = Number(value));
    return Number.isFinite(x) && Number.isFinite(data[at]) ? undefined : `a number of at most ${largest}`;
  };

/** The middle between 65504, the largest float16, and the number that would come next. */
const roundsToInfinity = 65520;

const half: Put = (data: Uint16Array, at, value) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') return 'a number';
  const x = Number(value);
  if (!(Math.abs(x) < roundsToInfinity)) return 'a number of at most 65504';
  data[at] = toFloat16(x);
  return undefined;
};

const integer = (dtype: DType): Put => {
  const [low, high] = dtypes[dtype].range!;
  return (data: Int32Array, at, value) => {
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
      return `a whole number from ${low} to ${high}`;
    data[at] = value as number;
    return undefined;
  };
};

const bigInteger = (signed: boolean): Put => {
  const [low, high] = signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  return (data: BigInt64Array, at, value) => {
    const exact =
      typeof value === 'bigint' || Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value));
    const whole = exact ? BigInt(value as bigint | number | string) : undefined;
    if (whole === undefined || whole < low || whole > high) return `a whole number from ${low} to ${high}, as digits`;
    data[at] = whole;
    return undefined;
  };
};

const bool: Put = (data: Uint8Array, at, value) => {
  if (value !== true && value !== false && value !== 0 && value !== 1) return 'true or false';
  data[at] = Number(value);
  return undefined;
};

const text: Put = (data: string[], at, value) => {
  // The engine takes texts as C does: they end at the first NUL, and are UTF-8.
  if (typeof value !== 'string' || value.includes('\0') || /\p{Surrogate}/u.test(value))
    return 'a text of whole characters without NUL';
  data[at] = value;
  return undefined;
};

const puts: Readonly<Record<DType, Put>> = {
  float32: float(3.4028234663852886e38),
  float64: float(Number.MAX_VALUE),
  float16: half,
  int8: integer('int8'),
  uint8: integer('uint8'),
  int16: integer('int16'),
  uint16: integer('uint16'),
  int32: integer('int32'),
  uint32: integer('uint32'),
  int64: bigInteger(true),
  uint64: bigInteger(false),
  bool,
  string: text,
};

/** The same for floats, with NaN and infinities. */
const anyFloat =
  (dtype: DType, strict: (data: unknown, at: number, value: unknown) => string | undefined) =>
  (data: unknown, at: number, value: unknown): string | undefined => {
    if (typeof value !== 'number' || Number.isFinite(value)) return strict(data, at, value);
    (data as Float64Array)[at] = dtype === 'float16' ? toFloat16(value) : value;
    return undefined;
  };

/** A tensor's place in the protocol: its name for messages, its type, its shape. */
interface Wanted {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** The innermost lists of nested data, in order. Errors: `bad-request` where the nesting is not that of the shape. */
function* innermost({ name, shape }: Wanted, list: readonly unknown[], axis = 0, at = ''): Generator<readonly unknown[]> {
  if (list.length !== shape[axis]) {
    const found = `${at ? `data${at}` : 'data'} has ${list.length} elements`;
    throw fail('bad-request', {
      reason: `Input '${name}': ${found}, and the shape [${shape.join(', ')}] says ${shape[axis] ?? 'one level less'}.`,
    });
  }
  if (axis === shape.length - 1) {
    yield list;
    return;
  }
  for (let i = 0; i < list.length; i++) {
    const row = list[i];
    if (!Array.isArray(row)) {
      const reason = `Input '${name}': data${at}[${i}] is ${shown(row)}, and the shape [${shape.join(', ')}] asks for a list there.`;
      throw fail('bad-request', { reason });
    }
    yield* innermost({ name, shape } as Wanted, row, axis + 1, `${at}[${i}]`);
  }
}

/**
 * The tensor that JSON data stand for, flat or nested.
 * Errors: `bad-request` for a wrong number of elements, and for the first element that is none of this datatype.
 */
export async function readElements(
  wanted: Wanted,
  data: readonly unknown[],
  { nonFinite = false }: ElementReading = {},
): Promise<Tensor> {
  const { name, dtype, shape } = wanted;
  const size = shape.reduce((n, d) => n * d, 1);
  const nested = shape.length > 1 && Array.isArray(data[0]);
  if (!nested && data.length !== size) {
    const needs = `the shape [${shape.join(', ')}] needs ${size} ${size === 1 ? 'element' : 'elements'}`;
    throw fail('bad-request', { reason: `Input '${name}': ${needs}, and data has ${data.length}.` });
  }
  // All lists are looked at before anything is allocated: what is allocated is never larger than what was sent.
  const rows: (readonly unknown[])[] = nested ? [] : [data];
  for (const row of nested ? innermost(wanted, data) : []) if (rows.push(row) % 1024 === 0) await giveTurn();
  const tensor = new Tensor(dtype, shape, dtypes[dtype].make(size));
  const strict = puts[dtype] as (data: unknown, at: number, value: unknown) => string | undefined;
  const put = nonFinite && dtypes[dtype].kind === 'float' ? anyFloat(dtype, strict) : strict;
  let at = 0;
  let untilTurn = piece;
  for (const row of rows) {
    for (let i = 0; i < row.length; i++, at++) {
      const want = put(tensor.data, at, row[i]);
      if (want !== undefined) {
        const got = `element ${at} of data is ${shown(row[i])}`;
        throw fail('bad-request', { reason: `Input '${name}': ${got}; the datatype ${datatypeOf(dtype)} takes ${want}.` });
      }
      if (--untilTurn > 0) continue;
      await giveTurn();
      untilTurn = piece;
    }
  }
  return tensor;
}

/** One element as JSON has it. */
function elementOf(dtype: DType, value: number | bigint | string): ResponseElement {
  if (dtype === 'bool') return value !== 0;
  if (typeof value === 'bigint') return BigInt.asIntN(54, value) === value ? Number(value) : value;
  const x = dtype === 'float16' ? fromFloat16(value as number) : value;
  return typeof x === 'number' && !Number.isFinite(x) ? null : x;
}

/** The elements of a tensor, flat. JSON has no NaN and no infinity: both become null. */
export async function elementsOf({ dtype, data }: Tensor): Promise<ResponseElement[]> {
  const elements = new Array<ResponseElement>(data.length);
  for (let at = 0; at < data.length; at++) {
    elements[at] = elementOf(dtype, data[at]!);
    if (at % piece === piece - 1) await giveTurn();
  }
  return elements;
}
