import { joinRows, type Tensor } from '../../tensor/index.ts';
import { anyTable } from '../table.ts';
import { after, type Chunk, tableOf } from './chunk.ts';
import { listOf, piecesOf } from './records-of.ts';
import { inMemory } from './source.ts';
import type { Pass, Stage } from './stage.ts';

/** Where the records of a pass are kept for those that follow: `diskCache` of stratus, or your own. */
export interface CacheStore {
  /** How many records are kept; undefined as long as no whole pass is. */
  length(): Promise<number | undefined>;
  /** What is kept, from the beginning. */
  read(): AsyncIterable<readonly unknown[]>;
  /** A place for the records of one pass. */
  write(): Promise<CacheWriter>;
}

/** Takes the records of a pass. Nothing of them counts before `commit`, and `discard` leaves nothing behind. */
export interface CacheWriter {
  add(records: readonly unknown[]): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** Whichever pass is the first: a run that is resumed later in a new process has to find the same. */
const keptEpoch = 0;

/** Keeps the records of the first whole pass in a store; a later program finds them there. */
export function storedCacheStage<R>(source: Stage<R>, store: CacheStore): Stage<R> {
  async function* kept(pass: Pass): AsyncGenerator<Chunk<R>> {
    if ((await store.length()) !== undefined) {
      yield* store.read() as AsyncIterable<readonly R[]>;
      return;
    }
    const writer = await store.write();
    let whole = false;
    try {
      for await (const chunk of source.chunks({ ...pass, epoch: keptEpoch, skip: 0 }))
        for (const piece of piecesOf(chunk)) {
          await writer.add(listOf(piece));
          yield piece;
        }
      whole = true;
    } finally {
      await (whole ? writer.commit() : writer.discard());
    }
  }
  return { length: source.length, chunks: (pass) => after(kept(pass), pass.skip) };
}

/** Keeps the records of the first whole pass in memory: from then on, any of them can be had. */
export function memoryCacheStage<R>(source: Stage<R>): Stage<R> {
  let kept: Stage<R> | undefined;
  async function* first(pass: Pass): AsyncGenerator<Chunk<R>> {
    const chunks: Chunk<R>[] = [];
    for await (const chunk of source.chunks({ ...pass, epoch: keptEpoch, skip: 0 })) {
      chunks.push(chunk);
      yield chunk;
    }
    kept ??= inMemory(joined(chunks));
  }
  return {
    get length() {
      return kept?.length ?? source.length;
    },
    // What is left out is read all the same, for those that come later.
    chunks: (pass) => (kept ? kept.chunks(pass) : after(first(pass), pass.skip)),
    // Only where the length is known before: the same data set is then shuffled in the same way, whether it has been read or not.
    pick:
      source.length === undefined
        ? undefined
        : async function* (indices, pass) {
            if (!kept) for await (const _ of first({ ...pass, skip: 0 }));
            yield* kept!.pick!(indices, pass);
          },
  };
}

/** Chunks as one: tables as a table, anything else as a list. */
function joined<R>(chunks: readonly Chunk<R>[]): Chunk<R> {
  if (chunks.length === 1) return chunks[0]!;
  const tables = chunks.flatMap((chunk) => tableOf(chunk) ?? []);
  const [first] = tables;
  if (!first || tables.length < chunks.length) return chunks.flatMap(listOf);
  const column = (name: string): Tensor => joinRows(tables.map((part) => part.column(name)) as [Tensor, ...Tensor[]]);
  return anyTable(Object.fromEntries(first.names.map((name) => [name, column(name)])));
}
