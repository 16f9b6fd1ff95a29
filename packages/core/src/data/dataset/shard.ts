import { type Chunk, rowsOf } from './chunk.ts';
import type { Pass, Stage } from './stage.ts';

/** Every `count`-th record, from number `rank` on: what one of `count` workers reads. */
export function shardStage<R>(source: Stage<R>, rank: number, count: number): Stage<R> {
  const { length } = source;
  // A place is a record only where nothing was filtered out.
  const pick = length === undefined ? undefined : source.pick;
  async function* own(pass: Pass): AsyncGenerator<Chunk<R>> {
    let next = rank; // place of our next record in what comes
    for await (const chunk of source.chunks({ ...pass, skip: pass.skip * count })) {
      const places: number[] = [];
      for (; next < chunk.length; next += count) places.push(next);
      next -= chunk.length;
      if (places.length > 0) yield rowsOf(chunk, places);
    }
  }
  return {
    length: length === undefined ? undefined : Math.max(0, Math.ceil((length - rank) / count)),
    chunks: own,
    pick:
      pick &&
      ((indices, pass) =>
        pick(
          indices.map((i) => i * count + rank),
          pass,
        )),
  };
}
