// Records to one batch: what each field has, side by side in a tensor.
import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import {
  copyRows,
  type DType,
  dtypes,
  isFloat,
  isTensor,
  joinRows,
  type Nested,
  sameShape,
  showShape,
  Tensor,
  type TypedArray,
  tensor,
  zeros,
} from '../../tensor/index.ts';
import { type Chunk, tableOf } from './chunk.ts';
import { listOf } from './records-of.ts';

/** How lists of unequal length are made equal. */
export interface FieldPadding {
  /** The length of all; that of the longest in the batch unless told. */
  readonly maxLength?: number | undefined;
  /** Where shorter ones are filled up; 'post' unless told. */
  readonly padding?: 'pre' | 'post' | undefined;
  /** Which end of longer ones is lost; 'post' unless told. */
  readonly truncating?: 'pre' | 'post' | undefined;
  /** What they are filled up with; 0 unless told. */
  readonly value?: number | undefined;
}

/** How records become a batch. */
export interface CollateOptions {
  /** Fields whose lists differ in length: on which side they are filled up, or more. Nested fields: 'x.words'. */
  readonly padding?: Readonly<Record<string, 'pre' | 'post' | FieldPadding>> | undefined;
  /** Dtypes of fields; unless told, float32 for numbers, bool, string, int64 for bigints, and that of a tensor or typed array. */
  readonly dtypes?: Readonly<Record<string, DType>> | undefined;
}

/** What a batch has where a record has `T`. */
export type Batched<T> =
  T extends Tensor<infer D>
    ? Tensor<D>
    : T extends string
      ? Tensor<'string'>
      : T extends boolean
        ? Tensor<'bool'>
        : T extends bigint
          ? Tensor<'int64'>
          : T extends Float32Array
            ? Tensor<'float32'>
            : T extends Int32Array
              ? Tensor<'int32'>
              : T extends Uint8Array
                ? Tensor<'uint8'>
                : T extends number | ArrayBufferView | readonly unknown[]
                  ? Tensor
                  : T extends object
                    ? { readonly [K in keyof T]: Batched<T[K]> }
                    : never;

/** The records of several chunks as one batch. `from`: the number of the first one, for errors. */
export function collate(parts: readonly Chunk<unknown>[], options: CollateOptions = {}, from = 0): unknown {
  const tables = parts.map(tableOf);
  const padded = Object.keys(options.padding ?? {}).length > 0;
  if (!padded && tables.length > 0 && tables.every((table) => table !== undefined)) {
    const [first] = tables;
    checkFields(options, first!.names);
    const columns = first!.names.map((name): [string, Tensor] => {
      const rows = tables.map((table) => table!.column(name)) as [Tensor, ...Tensor[]];
      return [name, cast(joinRows(rows, { what: 'batch', at: name }), options.dtypes?.[name], { path: name, from })];
    });
    return Object.fromEntries(columns);
  }
  const seen: string[] = [];
  const batch = field(parts.flatMap(listOf), '', { options, from, seen });
  checkFields(options, seen);
  return batch;
}

/** Errors: `unknown-name` for a field that is told of and not there. */
function checkFields({ dtypes: wanted = {}, padding = {} }: CollateOptions, names: readonly string[]): void {
  const there = Object.fromEntries(names.map((name) => [name, true]));
  for (const name of [...Object.keys(wanted), ...Object.keys(padding)]) lookUp('field', there, name);
}

interface Place {
  readonly path: string;
  /** The number of the first record. */
  readonly from: number;
}

interface Context {
  readonly options: CollateOptions;
  readonly from: number;
  /** The fields that are tensors, as they are found. */
  readonly seen: string[];
}

const isList = (x: unknown): x is readonly unknown[] | TypedArray => Array.isArray(x) || ArrayBuffer.isView(x);
const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !isList(x) && !isTensor(x) && !(x instanceof Date);
const kindOf = (x: unknown): string =>
  x === null
    ? 'nothing (null)'
    : x === undefined
      ? 'nothing'
      : isTensor(x)
        ? `a tensor ${showShape(x.shape)}`
        : isList(x)
          ? `a list of ${x.length}`
          : x instanceof Date
            ? 'a date'
            : isRecord(x)
              ? 'a record'
              : `a ${typeof x}`;

/** One field of all records; '' is the record itself. */
function field(values: readonly unknown[], path: string, context: Context): unknown {
  const { options, from } = context;
  const wrong = (index: number, got: string, want: string, fix?: string) =>
    fail('bad-value', {
      what: 'batch',
      ...(path !== '' && { at: path }),
      got: `${got} in record ${from + index}`,
      want,
      ...(fix !== undefined && { fix }),
    });
  const [first] = values;
  if (isRecord(first)) {
    const names = Object.keys(first);
    for (const [i, value] of values.entries()) {
      if (!isRecord(value)) throw wrong(i, kindOf(value), 'a record, as before it');
      const odd = [...names, ...Object.keys(value)].find((name) => !Object.hasOwn(value, name) || !Object.hasOwn(first, name));
      if (odd !== undefined)
        throw wrong(
          i,
          Object.hasOwn(value, odd) ? `a field '${odd}' that others lack` : `no field '${odd}'`,
          `the fields ${names.join(', ')}`,
        );
    }
    return Object.fromEntries(
      names.map((name) => [
        name,
        field(
          values.map((value) => (value as Readonly<Record<string, unknown>>)[name]),
          path === '' ? name : `${path}.${name}`,
          context,
        ),
      ]),
    );
  }
  const missing = values.findIndex((value) => value === null || value === undefined || value instanceof Date);
  if (missing >= 0)
    throw wrong(
      missing,
      kindOf(values[missing]),
      'a number, a text, a list or a tensor',
      values[missing] instanceof Date
        ? 'Turn dates into numbers with map.'
        : 'Fill in what is missing with map, or leave such records out with filter.',
    );
  context.seen.push(path);
  const padding = options.padding?.[path];
  const dtype = options.dtypes?.[path];
  const odd = values.findIndex((value) => (isList(value) || isTensor(value)) !== (isList(first) || isTensor(first)));
  if (odd >= 0) throw wrong(odd, kindOf(values[odd]), `${kindOf(first)}, as before it`);
  if (!isList(first) && !isTensor(first)) {
    const other = values.findIndex((value) => typeof value !== typeof first);
    if (other >= 0) throw wrong(other, kindOf(values[other]), `${kindOf(first)}, as before it`);
    const made = tensor(values as Nested, typeof first === 'number' ? { dtype: 'float64' } : {});
    return cast(made, dtype ?? (typeof first === 'number' ? 'float32' : undefined), { path, from });
  }
  // Numbers in lists are float64 until it is known what they shall be.
  const leaf = (value: unknown): unknown => (Array.isArray(value) ? leaf(value[0]) : value);
  const exact = (value: unknown): Tensor => tensor(value as Nested, typeof leaf(value) === 'number' ? { dtype: 'float64' } : {});
  let rows = values.map((value) => (isTensor(value) ? value : exact(value)));
  // An empty list of numbers does not say what it is a list of.
  const full = rows.find((row) => row.size > 0) ?? rows[0]!;
  rows = rows.map((row) => (row.size === 0 && row.dtype !== full.dtype ? zeros(row.shape, full.dtype) : row));
  const mixed = rows.findIndex((row) => row.dtype !== full.dtype);
  if (mixed >= 0) throw wrong(mixed, `a list of ${rows[mixed]!.dtype}`, `one of ${full.dtype}, as before it`);
  const wanted = dtype ?? (Array.isArray(first) && full.dtype === 'float64' ? 'float32' : undefined);
  if (padding !== undefined)
    return cast(filledUp(rows, typeof padding === 'string' ? { padding } : padding, path), wanted, { path, from });
  const uneven = rows.findIndex((row) => !sameShape(row.shape, rows[0]!.shape));
  if (uneven >= 0)
    throw fail('shape-mismatch', {
      what: 'batch',
      ...(path !== '' && { at: path }),
      got: `${showShape(rows[uneven]!.shape)} in record ${from + uneven}`,
      want: `${showShape(rows[0]!.shape)}, as in record ${from}`,
      fix: `Fill up or cut: batch(size, { padding: { '${path}': 'post' } }).`,
    });
  return cast(stacked(rows), wanted, { path, from });
}

/** The same numbers in another dtype. Errors: `bad-value` for one that it cannot hold, `unknown-name` for a dtype. */
function cast(t: Tensor, dtype: DType | undefined, { path, from }: Place): Tensor {
  if (dtype === undefined || dtype === t.dtype) return t;
  lookUp('dtype', dtypes, dtype);
  const refuse = (i: number): never => {
    const row = from + Math.floor(i / (t.size / t.shape[0]!));
    throw fail('bad-value', {
      what: 'batch',
      ...(path !== '' && { at: path }),
      got: `${String(t.data[i])} in record ${row}`,
      want: `what ${dtype} can hold`,
      fix: `Choose another dtype: batch(size, { dtypes: { '${path}': '${isFloat(dtype) ? 'float64' : 'float32'}' } }).`,
    });
  };
  if (t.dtype === 'string' || dtype === 'string') return t.size === 0 ? zeros(t.shape, dtype) : refuse(0);
  const made = zeros(t.shape, dtype);
  copyRows(t, made, { start: 0, count: t.shape[0]! });
  if (dtype === 'float16' || t.dtype === 'float16') return made;
  for (let i = 0; i < t.size; i++) {
    const [before, after] = [Number(t.data[i]), Number(made.data[i])];
    // Fractions are rounded, as float32 does; a whole number that changes would be another label or another word.
    if (before !== after && (isFloat(dtype) ? Number.isInteger(before) && Number.isFinite(before) : true)) refuse(i);
    if (dtype === 'bool' && after > 1) refuse(i);
  }
  return made;
}

function stacked(rows: readonly Tensor[]): Tensor {
  const [first] = rows;
  const shape = [rows.length, ...first!.shape];
  if (first!.dtype === 'string')
    return new Tensor(
      'string',
      shape,
      rows.flatMap((row) => row.data as string[]),
    );
  const all = zeros(shape, first!.dtype);
  for (const [i, row] of rows.entries()) (all.data as Float32Array).set(row.data as Float32Array, i * row.size);
  return all;
}

/** Rows of one length along their first axis. */
function filledUp(
  rows: readonly Tensor[],
  { maxLength, padding = 'post', truncating = 'post', value = 0 }: FieldPadding,
  path: string,
): Tensor {
  const odd = rows.find((row) => row.shape.length !== rows[0]!.shape.length);
  const sample = rows.find((row) => row.size > 0) ?? rows[0]!;
  if (
    odd ||
    sample.shape.length === 0 ||
    rows.some((row) => row.size > 0 && !sameShape(row.shape.slice(1), sample.shape.slice(1)))
  )
    throw fail('shape-mismatch', {
      what: 'batch',
      at: path,
      got: rows.map(({ shape }) => showShape(shape)).join(', '),
      want: 'shapes that differ in the first size only',
    });
  const length = maxLength ?? Math.max(...rows.map(({ shape }) => shape[0]!));
  const step = sample.shape.slice(1).reduce((a, b) => a * b, 1);
  const shape = [rows.length, length, ...sample.shape.slice(1)];
  const data = dtypes[sample.dtype].make(rows.length * length * step) as Float32Array | string[];
  if (value !== 0) data.fill((typeof data[0] === 'bigint' ? BigInt(value) : value) as never);
  for (const [i, row] of rows.entries()) {
    const [size] = row.shape as [number];
    const count = Math.min(size, length);
    const from = truncating === 'pre' ? (size - count) * step : 0;
    const to = (i * length + (padding === 'pre' ? length - count : 0)) * step;
    for (let k = 0; k < count * step; k++) data[to + k] = row.data[from + k] as never;
  }
  return new Tensor(sample.dtype, shape, data as never);
}
