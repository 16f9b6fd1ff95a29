// Records travel through a data set in chunks: one wait for many records, and columns stay columns as long as nobody asks for records.
import type { AnyTable } from '../table.ts';

/** Some records in a row: a list, or a table. Taking a part of a table copies nothing. */
export type Chunk<R> = readonly R[] | AnyTable;

const isList = <R>(chunk: Chunk<R>): chunk is readonly R[] => Array.isArray(chunk);

/** Records that are made or moved at a time, where a chunk is larger. */
export const pieceSize = 256;

/** A part of a chunk, from `start` to before `end`. */
export const sliceOf = <R>(chunk: Chunk<R>, start: number, end: number): Chunk<R> =>
  start === 0 && end >= chunk.length ? chunk : chunk.slice(start, end);

/** These records of a chunk, in this order. */
export const rowsOf = <R>(chunk: Chunk<R>, indices: ArrayLike<number>): Chunk<R> =>
  isList(chunk) ? Array.from(indices, (i) => chunk[i]!) : chunk.rows(indices);

/** A chunk as a table; undefined for a list. */
export const tableOf = (chunk: Chunk<unknown>): AnyTable | undefined => (isList(chunk) ? undefined : chunk);

/** What comes after the first `count` records. */
export async function* after<R>(chunks: AsyncIterable<Chunk<R>>, count: number): AsyncGenerator<Chunk<R>> {
  let left = count;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield sliceOf(chunk, left, chunk.length);
    left = Math.max(0, left - chunk.length);
  }
}

/** The first `count` records; nothing more is asked for then. */
export async function* upTo<R>(chunks: AsyncIterable<Chunk<R>>, count: number): AsyncGenerator<Chunk<R>> {
  let left = count;
  if (left === 0) return;
  for await (const chunk of chunks) {
    yield sliceOf(chunk, 0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
