import { foldIn, permutation, type RandomKey, uniformAt } from '../../tensor/index.ts';
import { after, type Chunk } from './chunk.ts';
import { listOf, piecesOf } from './records-of.ts';
import type { Pass, Stage } from './stage.ts';

/** All records in an order that key and epoch decide, where any record can be had. */
export function shuffleStage<R>(source: Stage<R>, key: RandomKey): Stage<R> {
  const { length, pick, places = length } = source;
  const order = (epoch: number): Uint32Array => permutation(places!, foldIn(key, epoch));
  return {
    length,
    places,
    // Where a place may hold no record, only reading tells how many there are before a position.
    chunks: (pass) =>
      length === undefined
        ? after(pick!(order(pass.epoch), pass), pass.skip)
        : pick!(order(pass.epoch).subarray(pass.skip), pass),
    pick: (indices, pass) => {
      const all = order(pass.epoch);
      return pick!(
        indices.map((i) => all[i]!),
        pass,
      );
    },
  };
}

/** Each record is drawn from the next `buffer` ones: memory is bounded, and a record does not get much further ahead than that. */
export function bufferedShuffleStage<R>(source: Stage<R>, key: RandomKey, buffer: number): Stage<R> {
  async function* drawn(pass: Pass): AsyncGenerator<Chunk<R>> {
    const own = foldIn(key, pass.epoch);
    const held: R[] = [];
    let draws = 0;
    for await (const chunk of source.chunks(pass))
      for (const piece of piecesOf(chunk)) {
        const out: R[] = [];
        for (const record of listOf(piece)) {
          if (held.length < buffer) {
            held.push(record);
            continue;
          }
          const at = Math.floor(uniformAt(own, draws++) * buffer);
          out.push(held[at]!);
          held[at] = record;
        }
        if (out.length > 0) yield out;
      }
    const rest = permutation(held.length, foldIn(own, 1));
    for (const piece of piecesOf(Array.from(rest, (i) => held[i]!))) yield piece;
  }
  return { length: source.length, chunks: (pass) => after(drawn({ ...pass, skip: 0 }), pass.skip) };
}
