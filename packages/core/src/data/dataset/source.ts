// Where records come from.
import { fail } from '../../errors.ts';
import { isTable } from '../table.ts';
import { type Chunk, pieceSize, rowsOf, sliceOf } from './chunk.ts';
import type { Stage } from './stage.ts';

/** Records that are there: any of them can be had. */
export const inMemory = <R>(all: Chunk<R>): Stage<R> => ({
  length: all.length,
  async *chunks({ skip }) {
    if (skip < all.length) yield sliceOf(all, skip, all.length);
  },
  async *pick(indices) {
    // A table picks its rows when somebody asks for them.
    const size = isTable(all) ? indices.length : pieceSize;
    for (let start = 0; start < indices.length; start += size) yield rowsOf(all, indices.subarray(start, start + size));
  },
});

/** Something that can be read again and again. */
export type Readable<R> = AsyncIterable<R> | Iterable<R>;

/** Records that come one after the other. */
export function iterated<R>(open: () => Readable<R>): Stage<R> {
  return {
    length: undefined,
    async *chunks({ skip }) {
      let at = 0;
      const opened: unknown = open();
      if (!isReadable(opened))
        throw fail('bad-value', {
          what: 'dataset',
          got: `a function that gives ${opened instanceof Promise ? 'a promise' : typeof opened}`,
          want: 'one that gives something to iterate',
          fix: 'Write an async generator: dataset(async function* () { yield* await rows(); }).',
        });
      const source = opened as Readable<R>;
      if (Symbol.asyncIterator in source) {
        for await (const record of source) if (at++ >= skip) yield [record];
        return;
      }
      let list: R[] = [];
      for (const record of source) {
        if (at++ < skip) continue;
        list.push(record);
        if (list.length < pieceSize) continue;
        yield list;
        list = [];
      }
      if (list.length > 0) yield list;
    },
  };
}

/** True for what can be iterated. */
export const isReadable = (x: unknown): x is Readable<unknown> =>
  typeof x === 'object' && x !== null && (Symbol.asyncIterator in x || Symbol.iterator in x);

/** What reads an iterable again. A generator that runs already can be read once: the second time is an error, not an empty data set. */
export function reopened<R>(source: Readable<R>): () => Readable<R> {
  let opened = false;
  return () => {
    const iterator: unknown =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : (source as Iterable<R>)[Symbol.iterator]();
    if (iterator !== source) return source;
    if (opened)
      throw fail('bad-value', {
        what: 'dataset',
        got: 'a generator that has been read already',
        want: 'something that can be read again, as training does in each epoch',
        fix: 'Pass the function that makes it: dataset(() => records()).',
      });
    opened = true;
    return source;
  };
}
