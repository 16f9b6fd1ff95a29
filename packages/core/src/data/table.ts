import { fail } from '../errors.ts';
import { lookUp } from '../suggest.ts';
import { type DType, isTensor, permutation, randomKey, showShape, type Tensor } from '../tensor/index.ts';
import { gatherRows } from './gather-rows.ts';

/** Tensors by column name. */
export type Columns = Readonly<Record<string, Tensor>>;

/** What one element of a dtype is in a record. 64-bit integers come as numbers. */
export type Scalar<D extends DType = DType> = D extends 'bool' ? boolean : D extends 'string' ? string : number;

/** A record of columns whose ranks the types do not know: each field is a scalar or a tensor. */
export type RecordOf<C extends Columns> = {
  readonly [K in keyof C]: C[K] extends Tensor<infer D> ? Tensor<D> | Scalar<D> : never;
};

/** A table whose columns the types do not know, as machinery takes it. Every `Table` is one. */
export interface AnyTable extends AsyncIterable<unknown> {
  /** Number of records. */
  readonly length: number;
  /** The columns' names, in order. */
  readonly names: readonly string[];
  /** The column of this name. Errors: `unknown-name`. */
  column(name: string): Tensor;
  record(index: number): unknown;
  take(count: number): AnyTable;
  skip(count: number): AnyTable;
  slice(start: number, end?: number): AnyTable;
  split(fraction: number, options?: { readonly seed?: number | undefined }): readonly [AnyTable, AnyTable];
  shuffle(seed: number): AnyTable;
  rows(indices: ArrayLike<number>): AnyTable;
}

/** The methods of a table. Those that give a table copy nothing: the rows are picked when a column is asked for. */
export interface TableMethods<C extends Columns, R> extends AnyTable {
  readonly names: readonly (keyof C & string)[];
  /** Record number `index`, from 0: a scalar where a column has one axis, else a tensor without the first axis (shared memory). */
  record(index: number): R;
  /** The first `count` records, or all if there are fewer. */
  take(count: number): Table<C, R>;
  /** All but the first `count` records. */
  skip(count: number): Table<C, R>;
  /** Records `start` (inclusive) to `end` (exclusive); negative positions count from the end, as for arrays. */
  slice(start: number, end?: number): Table<C, R>;
  /** Two tables: the first holds this fraction of the records, the second the rest. In order, or shuffled when a seed is given. */
  split(fraction: number, options?: { readonly seed?: number | undefined }): readonly [Table<C, R>, Table<C, R>];
  /** All records in an order that the seed alone decides. */
  shuffle(seed: number): Table<C, R>;
  /** These records, in this order; a record may come more than once. */
  rows(indices: ArrayLike<number>): Table<C, R>;
  [Symbol.asyncIterator](): AsyncIterator<R, undefined>;
}

/** Columns in memory: each is a property, `t.image`. `R` is the type of a record, where more is known than `RecordOf`. */
export type Table<C extends Columns = Columns, R = RecordOf<C>> = TableMethods<C, R> & Readonly<C>;

/** Which rows of the columns a table shows, and in which order. */
type Picked = Uint32Array | { readonly start: number; readonly length: number };

const whole = (what: string, value: number, least = Number.MIN_SAFE_INTEGER): number => {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw fail('bad-value', { what, got: String(value), want: least === 0 ? 'a whole number from 0' : 'a whole number' });
};

/** What one row of a column is in a record. */
function fieldReader(column: Tensor): (row: number) => unknown {
  const { dtype, shape, data } = column;
  const rest = shape.slice(1);
  if (rest.length > 0) return (row) => column.rows(row, row + 1).reshape(rest);
  if (dtype === 'bool') return (row) => data[row] !== 0;
  if (dtype === 'float16') return (row) => column.rows(row, row + 1).item();
  if (dtype === 'int64' || dtype === 'uint64') return (row) => Number(data[row]);
  return (row) => data[row];
}

/** Names that a table has for something else: such columns are no properties. */
const isReserved = (name: string): boolean => name === 'length' || name === 'names' || name in TableView.prototype;

class TableView<C extends Columns, R> implements TableMethods<C, R> {
  readonly length: number;
  readonly names: readonly (keyof C & string)[];
  readonly #columns: C;
  readonly #picked: Picked;
  readonly #made = new Map<string, Tensor>();
  #readers: readonly (readonly [name: string, read: (row: number) => unknown])[] | undefined;

  constructor(columns: C, picked: Picked) {
    this.#columns = columns;
    this.#picked = picked;
    this.length = picked.length;
    this.names = Object.keys(columns);
    for (const name of this.names)
      if (!isReserved(name)) Object.defineProperty(this, name, { enumerable: true, get: () => this.column(name) });
  }

  #view(picked: Picked): Table<C, R> {
    return new TableView<C, R>(this.#columns, picked) as unknown as Table<C, R>;
  }

  #range(start: number, end: number): Table<C, R> {
    const picked = this.#picked;
    return this.#view(
      picked instanceof Uint32Array ? picked.subarray(start, end) : { start: picked.start + start, length: end - start },
    );
  }

  /** The row of the columns behind record `index`. */
  #row(index: number): number {
    return this.#picked instanceof Uint32Array ? this.#picked[index]! : this.#picked.start + index;
  }

  #check(what: string, index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return index;
    throw fail('bad-value', {
      what,
      got: String(index),
      want:
        this.length === 0
          ? 'nothing: the table is empty'
          : `a whole number from 0 to ${this.length - 1} (${this.length} records)`,
    });
  }

  column(name: string): Tensor {
    const made = this.#made.get(name);
    if (made) return made;
    const source = lookUp<Tensor>('column', this.#columns, name);
    const picked = this.#picked;
    let column = source;
    if (picked instanceof Uint32Array) column = gatherRows(source, picked);
    else if (picked.length !== source.shape[0]) column = source.rows(picked.start, picked.start + picked.length);
    this.#made.set(name, column);
    return column;
  }

  record(index: number): R {
    const row = this.#row(this.#check('record', index));
    this.#readers ??= this.names.map((name) => [name, fieldReader(this.#columns[name]!)] as const);
    const record: Record<string, unknown> = {};
    for (const [name, read] of this.#readers) record[name] = read(row);
    return record as R;
  }

  take(count: number): Table<C, R> {
    return this.#range(0, Math.min(whole('take', count, 0), this.length));
  }

  skip(count: number): Table<C, R> {
    return this.#range(Math.min(whole('skip', count, 0), this.length), this.length);
  }

  slice(start: number, end = this.length): Table<C, R> {
    const place = (position: number): number =>
      Math.min(Math.max(whole('slice', position) + (position < 0 ? this.length : 0), 0), this.length);
    return this.#range(place(start), Math.max(place(start), place(end)));
  }

  split(fraction: number, { seed }: { readonly seed?: number | undefined } = {}): readonly [Table<C, R>, Table<C, R>] {
    const first = Math.round(this.length * fraction);
    if (!(fraction > 0 && fraction < 1) || first === 0 || first === this.length) {
      throw fail('bad-value', {
        what: 'split',
        got: `the fraction ${fraction} of ${this.length} records`,
        want: 'one between 0 and 1 that leaves records on both sides',
        fix: 'split(0.9) puts nine of ten records into the first table.',
      });
    }
    const all = seed === undefined ? this : this.shuffle(seed);
    return [all.slice(0, first), all.slice(first)];
  }

  shuffle(seed: number): Table<C, R> {
    return this.#view(permutation(this.length, randomKey(whole('shuffle', seed, 0))).map((i) => this.#row(i)));
  }

  rows(indices: ArrayLike<number>): Table<C, R> {
    return this.#view(Uint32Array.from(indices, (i) => this.#row(this.#check('rows', i))));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<R, undefined, undefined> {
    for (let i = 0; i < this.length; i++) yield this.record(i);
    return undefined;
  }
}

/**
 * Records in memory, held as columns: tensors of equal first size. A column is a property; a record is what one row of each
 * makes; iteration gives the records one by one.
 *
 * Shapes: `[n, ...]` for every column, of any dtype. A record has a scalar where a column is `[n]`, and a tensor of shape
 * `[...]` elsewhere. Errors: `bad-value` for no columns, for what is no tensor and for the name of a method;
 * `shape-mismatch` for unequal first sizes. Source: torch.utils.data.TensorDataset, tf.data.Dataset.from_tensor_slices.
 *
 * @example
 * import { table, tensor } from '@stratus/core';
 * const data = table({ x: tensor([[1, 2], [3, 4], [5, 6], [7, 8]]), y: tensor([0, 1, 1, 0], { dtype: 'int32' }) });
 * const [train, test] = data.split(0.75, { seed: 1 });
 * console.log(train.x.shape, test.length, data.record(1).y); // [3, 2] 1 1
 */
export function table<C extends Columns, R = RecordOf<C>>(columns: C): Table<C, R> {
  const entries = Object.entries(columns);
  if (entries.length === 0) throw fail('bad-value', { what: 'table', got: 'no columns', want: 'at least one: table({ x, y })' });
  for (const [name, column] of entries) {
    if (!isTensor(column))
      throw fail('bad-value', {
        what: 'table',
        at: name,
        got: typeof column,
        want: 'a tensor',
        fix: `Write ${name}: tensor(...).`,
      });
    if (column.shape.length === 0)
      throw fail('shape-mismatch', { what: 'table', at: name, got: 'shape []', want: 'one row a record' });
    if (isReserved(name))
      throw fail('bad-value', { what: 'table', got: `a column named '${name}'`, want: 'a name that is no property of a table' });
  }
  const length = entries[0]![1].shape[0]!;
  if (entries.some(([, column]) => column.shape[0] !== length)) {
    throw fail('shape-mismatch', {
      what: 'table',
      got: entries.map(([name, column]) => `${name} ${showShape(column.shape)}`).join(', '),
      want: 'the same first size in every column',
      fix: 'Each column holds one row for each record.',
    });
  }
  return new TableView<C, R>({ ...columns }, { start: 0, length }) as unknown as Table<C, R>;
}

/**
 * As {@link table}, of columns whose names only the data know: a column whose name a table has for something else (`length`, `split`, …) is
 * there for `column(name)` and in records, and is no property.
 *
 * Shapes and errors: as those of `table`, but any name will do. Source: torch.utils.data.TensorDataset.
 *
 * @example
 * import { anyTable, tensor } from '@stratus/core';
 * const data = anyTable({ length: tensor([3, 4]), kind: tensor(['a', 'b']) });
 * console.log(data.column('length').toArray(), data.length, data.record(1)); // [3, 4] 2 { length: 4, kind: 'b' }
 */
export function anyTable(columns: Columns): AnyTable {
  const names = Object.keys(columns);
  // Checked under names that are free.
  const { length } = table(Object.fromEntries(names.map((name, i) => [`column ${i}`, columns[name]!])));
  return new TableView<Columns, unknown>({ ...columns }, { start: 0, length }) as unknown as AnyTable;
}

/**
 * True for a table, also one from another copy of the package.
 *
 * @example
 * import { isTable, table, tensor } from '@stratus/core';
 * console.log(isTable(table({ x: tensor([1, 2]) })), isTable({ x: tensor([1, 2]) })); // true false
 */
export const isTable = (x: unknown): x is AnyTable =>
  typeof x === 'object' && x !== null && 'names' in x && 'column' in x && 'record' in x && Symbol.asyncIterator in x;
