// Some rows of a held tensor are written after a run, instead of a second tensor taking its place.
import { fail } from '../errors.ts';
import { lookUp } from '../suggest.ts';
import { isStatic, type Shape, sameShape, showShape, sizeOf, type Tensor, type TypedArray } from '../tensor/index.ts';
import type { Executor, Port, RowUpdate } from './executor.ts';

/** With the name of the held tensor. */
export interface NamedRowUpdate extends RowUpdate {
  readonly held: string;
}

/** Positions and what is to be written there. */
export interface RowTensors {
  readonly rows: Tensor;
  readonly values: Tensor;
}

/** What is known about a held tensor. */
type Typed = Pick<Tensor, 'dtype' | 'shape'>;

const of = (held: string): string => `the rows of '${held}'`;
const bad = (got: string, want: string, fix?: string) =>
  fail('bad-value', { what: 'run({ rowUpdates })', got, want, ...(fix !== undefined && { fix }) });

/** The one place that says where rows cannot be written. Errors: `bad-value`. */
export function needRowUpdates({ updatesRows = true, device }: Pick<Executor, 'updatesRows' | 'device'>): void {
  if (updatesRows) return;
  throw bad(
    `a held tensor of which only some rows shall be written, on the device '${device}'`,
    'a device where held tensors lie in memory of the processor',
    'Make the embedding without sparse: true, or train on the CPU.',
  );
}

/** Errors: `unknown-name`, `bad-value`, `dtype-mismatch`, `shape-mismatch`. */
export function wireRows(
  given: Readonly<Record<string, RowUpdate>>,
  {
    outputs,
    held,
    targets,
  }: {
    readonly outputs: Readonly<Record<string, Port>>;
    readonly held: Readonly<Record<string, Typed>> | undefined;
    /** Output -> held tensor that it replaces. */
    readonly targets: ReadonlyMap<string, string>;
  },
): readonly NamedRowUpdate[] {
  return Object.entries(given).map(([name, { rows, values }]) => {
    if (!held) throw bad(`rows of '${name}', but nothing is held`, 'the tensors to update', 'Pass { held } as well.');
    const old = lookUp('held tensor', held, name);
    const [at, next] = [lookUp('output', outputs, rows), lookUp('output', outputs, values)];
    if (old.shape.length === 0) throw bad(`rows of the scalar '${name}'`, 'a tensor with at least one axis');
    if ([...targets.values()].includes(name)) throw bad(`'${name}' in updates as well`, 'a whole tensor or some of its rows');
    const twice = [rows, values].find((output) => targets.has(output));
    if (twice !== undefined) throw bad(`the output '${twice}', which replaces a tensor as well`, 'an output of its own');
    if (at.dtype !== 'int64' && at.dtype !== 'int32')
      throw fail('dtype-mismatch', { what: of(name), got: at.dtype, want: 'positions in int64 or int32' });
    if (next.dtype !== old.dtype) throw fail('dtype-mismatch', { what: of(name), got: next.dtype, want: old.dtype });
    if (!next.anyRank && next.shape.length > 0 && isStatic(next.shape.slice(1))) checkRowShape(name, old, next.shape);
    return { held: name, rows, values };
  });
}

function checkRowShape(name: string, { shape }: Typed, values: Shape): void {
  if (values.length > 0 && sameShape(values.slice(1), shape.slice(1))) return;
  throw fail('shape-mismatch', { what: of(name), got: showShape(values), want: showShape(['n', ...shape.slice(1)]) });
}

/**
 * Makes sure that these rows can be written to a held tensor, so that writing them cannot fail half-way. Errors: `shape-mismatch`,
 * `index-range`.
 */
export function checkRows(name: string, held: Typed, { rows, values }: RowTensors): void {
  checkRowShape(name, held, values.shape);
  if (rows.shape.length !== 1 || rows.shape[0] !== values.shape[0])
    throw fail('shape-mismatch', { what: of(name), got: `positions ${showShape(rows.shape)}`, want: `[${values.shape[0]}]` });
  const size = held.shape[0]!;
  for (const row of rows.data as Int32Array | BigInt64Array)
    if (row < 0 || row >= size) throw fail('index-range', { at: `The update of '${name}'`, got: String(row), size });
}

/** So many bytes are copied before others have their turn. */
const pieceBytes = 4 * 2 ** 20;

/** Writes rows that were checked over those of `data`; many in pieces, with a turn of the event loop between. */
export async function writeRows(data: TypedArray, { rows, values }: RowTensors, nextTurn: () => Promise<void>): Promise<void> {
  const width = sizeOf(values.shape.slice(1) as readonly number[]);
  const [from, to] = [values.data as Float32Array, data as Float32Array];
  const rowsOfPiece = Math.max(1, Math.floor(pieceBytes / Math.max(1, width * from.BYTES_PER_ELEMENT)));
  const places = rows.data as Int32Array; // or positions in int64
  for (let i = 0; i < places.length; i++) {
    if (i > 0 && i % rowsOfPiece === 0) await nextTurn();
    to.set(from.subarray(i * width, (i + 1) * width), Number(places[i]) * width);
  }
}
