import type { Chunk } from '../data/index.ts';
import { fail } from '../errors.ts';
import { lookUp, nearest } from '../suggest.ts';
import {
  type DType,
  dtypes,
  isTensor,
  type Nested,
  sameShape,
  showShape,
  type Tensor,
  type TypedArray,
  tensor,
} from '../tensor/index.ts';
import type { Values } from './form.ts';

/** What the values of a field are in a record. */
export type FieldKind = 'number' | 'text' | 'scalar' | 'bytes' | 'list' | 'tensor';

/** A field, as far as reading it goes. */
export interface ReadableField {
  readonly field: string;
  readonly kind: FieldKind;
  /** Of tensors. */
  readonly dtype?: DType | undefined;
  readonly shape?: readonly number[] | undefined;
  /** What stood alone in training. */
  readonly scalar?: 'number' | 'text' | 'boolean' | undefined;
  /** Whether in training an empty text stood for what is missing, as in tables of texts. */
  readonly empty?: boolean | undefined;
}

const isTable = (records: Chunk<unknown>): records is Exclude<Chunk<unknown>, readonly unknown[]> => !Array.isArray(records);

/** The values of one field as they are; `undefined` where a record has none. */
export function rawValues(records: Chunk<unknown>, field: string): Values {
  if (isTable(records)) {
    if (!records.names.includes(field)) return new Array(records.length).fill(undefined);
    const column = records.column(field);
    const { dtype, data } = column;
    const isPlain = column.shape.length === 1 && !['bool', 'float16', 'int64', 'uint64'].includes(dtype);
    if (isPlain) return data as Values;
    return Array.from({ length: records.length }, (_, i) => (records.record(i) as Readonly<Record<string, unknown>>)[field]);
  }
  return records.map((record) => {
    if (typeof record !== 'object' || record === null || isTensor(record))
      throw fail('bad-value', {
        what: 'preprocessing',
        got: `${showValue(record)} as a record`,
        want: `an object with ${field}`,
      });
    return Object.hasOwn(record, field) ? (record as Readonly<Record<string, unknown>>)[field] : undefined;
  });
}

/** For messages. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return `the text '${value.slice(0, 60)}'`;
  if (isTensor(value)) return `a tensor ${showShape(value.shape)}`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return `a list of ${(value as ArrayLike<unknown>).length}`;
  return typeof value === 'object' && value !== null && !(value instanceof Date) ? 'an object' : String(value);
}

const isMissing = (value: unknown): boolean => value === null || value === undefined || Number.isNaN(value);
const missing = Symbol('missing');
const wrong = Symbol('wrong');

/** The number that a text is, written as numbers are; else the text. */
const numberIn = (text: string): string | number => (String(Number(text)) === text.trim() ? Number(text) : text);

const decimals = new Map<number, number>();

/**
 * The shortest decimal number that becomes this one in float32, where it is one of float32: a column of that dtype has 0.10000000149011612 where people and
 * JSON say 0.1, and both shall be one category.
 */
function decimalOf(x: number): number {
  if (Number.isInteger(x) || Math.fround(x) !== x) return x;
  const known = decimals.get(x);
  if (known !== undefined) return known;
  let digits = 1;
  while (Math.fround(Number(x.toPrecision(digits))) !== x) digits++;
  if (decimals.size > 10_000) decimals.clear();
  const short = Number(x.toPrecision(digits));
  decimals.set(x, short);
  return short;
}

/** One value as a field of this kind has it; `missing`, or `wrong`. */
const readers: Readonly<Record<FieldKind, (value: unknown, field: ReadableField) => unknown>> = {
  number: (value) =>
    typeof value === 'number' ? value : typeof value === 'bigint' || typeof value === 'boolean' ? Number(value) : wrong,
  text: (value) => (typeof value === 'string' ? value : wrong),
  scalar(value, { scalar }) {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? missing : value.toISOString();
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    // Tables have numbers where JSON has true and false, or the other way round.
    if (typeof value === 'boolean') return scalar === 'number' ? Number(value) : value;
    if (typeof value === 'string') return scalar === 'number' ? numberIn(value) : value;
    if (typeof value !== 'number') return wrong;
    if (!Number.isFinite(value)) return missing; // no file could hold it as a category
    return scalar === 'boolean' && (value === 0 || value === 1) ? value === 1 : decimalOf(value);
  },
  bytes: (value) => (typeof value === 'string' || isTensor(value) || value instanceof Uint8Array ? value : wrong),
  list: (value) => (isTensor(value) ? value.data : Array.isArray(value) || ArrayBuffer.isView(value) ? value : wrong),
  tensor(value, { dtype = 'float32', shape = [] }) {
    const given = elementsOf(value, dtype);
    return given && sameShape(given.shape, shape) && given.dtype === dtype ? given.data : wrong;
  },
};

const wants: Readonly<Record<FieldKind, string>> = {
  number: 'a number',
  text: 'a text',
  scalar: 'a text, a number, true or false',
  bytes: 'bytes, or base64',
  list: 'a list of whole numbers',
  tensor: 'a tensor',
};

function elementsOf(value: unknown, dtype: DType): Tensor | undefined {
  if (isTensor(value)) return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return tensor(value as TypedArray);
  if (!Array.isArray(value)) return undefined;
  const flat = value.flat(Number.POSITIVE_INFINITY);
  if (!flat.every((x) => typeof x === 'number')) return undefined;
  const { range } = dtypes[dtype];
  if (range && !flat.every((x) => Number.isInteger(x) && x >= range[0] && x <= range[1])) return undefined;
  return tensor(value as Nested, { dtype });
}

/**
 * The values of a field, checked. What is missing is NaN among numbers, else `undefined`, where it may be.
 * Errors: `bad-value`, naming field and record (`from` is the number of the first one).
 */
export function readValues(
  records: Chunk<unknown>,
  field: ReadableField,
  { from, allowMissing }: { readonly from: number; readonly allowMissing: boolean },
): Values {
  const raw = rawValues(records, field.field);
  const read = readers[field.kind];
  const refuse = (i: number, got: string, fix?: string): never => {
    const want = field.kind === 'tensor' ? `${field.dtype} of shape ${showShape(field.shape ?? [])}` : wants[field.kind];
    throw fail('bad-value', {
      what: 'field',
      at: field.field,
      got: `${got} in record ${from + i}`,
      want,
      ...(fix !== undefined && { fix }),
    });
  };
  const one = (value: unknown, i: number): unknown => {
    const own = isMissing(value) ? missing : read(value, field);
    if (own === wrong) return refuse(i, showValue(value));
    if (own !== missing) return own;
    if (field.empty && field.kind === 'scalar') return '';
    if (allowMissing) return field.kind === 'number' ? Number.NaN : undefined;
    return refuse(
      i,
      'nothing',
      field.kind === 'number' ? 'Fill it in: steps.impute() first.' : 'Fill it in, or leave such records out.',
    );
  };
  const plain =
    field.kind === 'number' && ArrayBuffer.isView(raw) && (allowMissing || !(raw as unknown as Float64Array).some(Number.isNaN));
  if (plain) return raw;
  return Array.from(raw, one);
}

/** Whether one text is the other with one letter too many, or with two neighbours the other way round: ag and age, naem and name, but not rate and date. */
function isTypo(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  let i = 0;
  while (i < short.length && short[i] === long[i]) i++;
  if (short.length + 1 === long.length) return short.slice(i) === long.slice(i + 1);
  return (
    short.length === long.length &&
    short[i] === long[i + 1] &&
    short[i + 1] === long[i] &&
    short.slice(i + 2) === long.slice(i + 2)
  );
}

/**
 * Whether one name was probably meant to be the other: written otherwise, or with a slip in a name that is long enough. x1 and x2 are two names. Short names
 * are near many others, so that they count as meant only where a letter is missing, too many, or in the wrong place.
 */
function isSlip(name: string, field: string): boolean {
  const bare = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
  if (bare(name) === bare(field)) return true;
  const letters = (text: string): string => bare(text).replaceAll(/\p{N}/gu, '');
  if (letters(name) === letters(field)) return false;
  return field.length >= 5 ? nearest(name, [field]) === field : field.length >= 3 && isTypo(bare(name), bare(field));
}

/**
 * Errors: `unknown-name` where a table lacks a field, or where no record has it and one has a name that is nearly the same: what is missing is filled in, and a slip
 * of the pen must not be.
 */
export function checkPresent(records: Chunk<unknown>, fields: readonly { readonly field: string }[]): void {
  if (isTable(records)) {
    const known = Object.fromEntries(records.names.map((name) => [name, true]));
    for (const { field } of fields) lookUp('field', known, field);
    return;
  }
  const first = records[0];
  if (typeof first !== 'object' || first === null) return;
  for (const { field } of fields) {
    const isThere = (record: unknown): boolean => typeof record === 'object' && record !== null && Object.hasOwn(record, field);
    if (isThere(first) || records.some(isThere)) continue;
    const others = Object.keys(first).filter((name) => !fields.some((own) => own.field === name));
    const slip = others.find((name) => isSlip(name, field));
    if (slip === undefined) continue;
    throw fail('unknown-name', { kind: 'field', name: slip, suggestion: field, known: fields.map((own) => own.field) });
  }
}
