import { type AnyTable, type Chunk, type ColumnSummary, columnSummary, fromFloat16, type Tensor } from '@stratus/core';
import { Correlation } from './correlation.ts';

/** Rows that are worked on at a time. */
const rowsAtATime = 4096;
/** More columns than this are left out, and said to be. */
export const mostColumns = 1000;
/** So many values decide whether a column looks like an identifier. */
const beginning = 1000;

/** What is gathered of one column. */
export class ColumnReading {
  readonly summary: ColumnSummary = columnSummary();
  /** The shape of an element, where it is more than one number. */
  shape: readonly number[] | undefined;
  /** Of all values in order: columns of equal content have equal ones. */
  hash = 0;
  /** How many of the first values are a value that came before. */
  repeats = 0;
  /** Of texts: how many characters in all. */
  characters = 0;
  readonly #first = new Set<unknown>();
  #looked = 0;

  add(values: ArrayLike<unknown>): void {
    this.summary.addAll(values);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      const isText = typeof value === 'string';
      this.hash =
        Math.imul(this.hash ^ (isText ? textHash(value) : numberHash(Number(value ?? Number.NaN))), 0x9e3779b1) ^
        (this.hash >>> 15);
      if (isText) this.characters += value.length;
      if (value === null || value === undefined || Number.isNaN(value) || this.#looked >= beginning) continue;
      this.#looked++;
      const key = isText ? value.slice(0, 256) : value;
      if (this.#first.has(key)) this.repeats++;
      else this.#first.add(key);
    }
  }

  /** So many records had no such field. */
  missed(count: number): void {
    for (let i = 0; i < count; i++) this.summary.add(null);
  }
}

const bits = new Float64Array(1);
const words = new Int32Array(bits.buffer);
function numberHash(x: number): number {
  bits[0] = x;
  return words[0]! ^ Math.imul(words[1]!, 0x85ebca6b);
}
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** What is gathered of a data set, chunk by chunk. */
export class DataReading {
  rows = 0;
  readonly columns = new Map<string, ColumnReading>();
  readonly correlation = new Correlation();
  /** Columns that were left out. */
  readonly leftOut = new Set<string>();

  add(chunk: Chunk<unknown>): void {
    for (let start = 0; start < chunk.length; start += rowsAtATime) {
      const piece = chunk.slice(start, Math.min(chunk.length, start + rowsAtATime));
      if (Array.isArray(piece)) this.#records(piece);
      else this.#table(piece as AnyTable);
      this.rows += piece.length;
    }
  }

  #column(name: string): ColumnReading | undefined {
    const known = this.columns.get(name);
    if (known) return known;
    if (this.columns.size >= mostColumns) {
      if (this.leftOut.size < mostColumns) this.leftOut.add(name);
      return undefined;
    }
    const made = new ColumnReading();
    made.missed(this.rows);
    this.columns.set(name, made);
    return made;
  }

  #table(table: AnyTable): void {
    const numbers = new Map<string, Float64Array>();
    for (const name of table.names) {
      const own = this.#column(name);
      if (!own) continue;
      const column = table.column(name);
      const values = valuesOf(column);
      if (column.shape.length > 1) own.shape = column.shape.slice(1);
      else if (values instanceof Float64Array) numbers.set(name, values);
      own.add(values);
    }
    this.correlation.add(numbers);
  }

  #records(records: readonly unknown[]): void {
    const fields = records.map(fieldsOf);
    const names = new Set(this.columns.keys());
    for (const record of fields) for (const name of Object.keys(record)) names.add(name);
    const numbers = new Map<string, Float64Array>();
    for (const name of names) {
      const own = this.#column(name);
      if (!own) continue;
      const values = fields.map((record) => (Object.hasOwn(record, name) ? readable(record[name]) : null));
      own.add(values);
      if (values.every((value) => value === null || typeof value === 'number'))
        numbers.set(
          name,
          Float64Array.from(values, (value) => (value as number | null) ?? Number.NaN),
        );
    }
    this.correlation.add(numbers);
  }
}

/** The fields of a record; a record that is no object is one field. */
function fieldsOf(record: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof record === 'object' && record !== null && !Array.isArray(record) && !(record instanceof Date);
  return isObject && !('dtype' in record) && !ArrayBuffer.isView(record)
    ? (record as Record<string, unknown>)
    : { value: record };
}

/** What a summary takes. Files of text cannot tell an empty text from one that is missing. */
function readable(value: unknown): unknown {
  if (value === '' || value === undefined) return null;
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value) || 'dtype' in value)
    return typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
  const isNumbers = Array.isArray(value) && value.every((x) => typeof x === 'number');
  return isNumbers ? value : jsonOf(value);
}

/** A cycle, or a bigint within, is no JSON. */
function jsonOf(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}

function valuesOf({ dtype, data }: Tensor): ArrayLike<unknown> {
  if (dtype === 'string') return Array.from(data as readonly string[], (text) => (text === '' ? null : text));
  if (dtype === 'bool') return Array.from(data as Uint8Array, (x) => x !== 0);
  if (dtype === 'float16') return Float64Array.from(data as Uint16Array, fromFloat16);
  if (dtype === 'int64' || dtype === 'uint64') return Float64Array.from(data as BigInt64Array, Number);
  return new Float64Array(data as Float64Array);
}
