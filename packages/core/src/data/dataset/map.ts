import { foldIn, type RandomKey } from '../../tensor/index.ts';
import { type Chunk, pieceSize } from './chunk.ts';
import { listOf, piecesOf } from './records-of.ts';
import type { Pass, Stage } from './stage.ts';

/** Options of `Dataset.map`. */
export interface MapOptions {
  /** How many results of an asynchronous function are waited for at a time; 8 unless told. Their order stays. */
  readonly parallel?: number | undefined;
  /** What the keys for random numbers follow from, with epoch and index; 0 unless told. */
  readonly seed?: number | undefined;
}

/** A record, its number in the data set, and a key for random numbers that is another one in each epoch. */
export type MapFunction<R, S> = (record: R, index: number, key: RandomKey) => S | Promise<S>;

const isPromise = <T>(x: T | Promise<T>): x is Promise<T> => typeof (x as Promise<T> | undefined)?.then === 'function';

/** Another record for each. */
export function mapStage<R, S>(
  source: Stage<R>,
  fn: MapFunction<R, S>,
  { parallel, key }: { readonly parallel: number; readonly key: RandomKey },
): Stage<S> {
  async function* made(chunks: AsyncIterable<Chunk<R>>, epoch: number, indexOf: (i: number) => number): AsyncGenerator<Chunk<S>> {
    const own = foldIn(key, epoch);
    const waiting: Promise<S>[] = []; // once one result has to be waited for, all go through here
    let at = 0;
    try {
      for await (const chunk of chunks)
        for (const piece of piecesOf(chunk, waiting.length > 0 ? parallel : pieceSize)) {
          const ready: S[] = [];
          for (const record of listOf(piece)) {
            const index = indexOf(at++);
            const result = fn(record, index, foldIn(own, index));
            if (waiting.length === 0 && !isPromise(result)) {
              ready.push(result);
              continue;
            }
            if (ready.length > 0) yield ready.splice(0);
            const promise = Promise.resolve(result);
            promise.catch(() => undefined); // whoever waits for it is told
            waiting.push(promise);
            if (waiting.length >= parallel) yield [await waiting.shift()!];
          }
          if (ready.length > 0) yield ready;
        }
      while (waiting.length > 0) yield [await waiting.shift()!];
    } finally {
      await Promise.allSettled(waiting); // nothing of it goes on after the end
    }
  }
  return {
    length: source.length,
    places: source.places,
    chunks: (pass) => made(source.chunks(pass), pass.epoch, (i) => pass.skip + i),
    pick:
      source.pick &&
      ((indices: Uint32Array, pass: Omit<Pass, 'skip'>) => made(source.pick!(indices, pass), pass.epoch, (i) => indices[i]!)),
  };
}
