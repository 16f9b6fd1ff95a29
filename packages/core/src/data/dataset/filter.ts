import { after, type Chunk, rowsOf } from './chunk.ts';
import { listOf, piecesOf } from './records-of.ts';
import type { Pass, Stage } from './stage.ts';

/** Only the records for which the test holds. Tables stay tables. */
export function filterStage<R>(source: Stage<R>, test: (record: R, index: number) => boolean | Promise<boolean>): Stage<R> {
  async function* kept(chunks: AsyncIterable<Chunk<R>>, indexOf: (i: number) => number): AsyncGenerator<Chunk<R>> {
    let at = 0;
    for await (const chunk of chunks)
      for (const piece of piecesOf(chunk)) {
        const places: number[] = [];
        for (const [i, record] of listOf(piece).entries()) {
          const result = test(record, indexOf(at++));
          if (typeof result === 'boolean' ? result : await result) places.push(i);
        }
        if (places.length > 0) yield places.length === piece.length ? piece : rowsOf(piece, places);
      }
  }
  const all = (pass: Pass): AsyncIterable<Chunk<R>> => kept(source.chunks({ ...pass, skip: 0 }), (i) => i);
  return {
    length: undefined,
    chunks: (pass) => after(all(pass), pass.skip),
    places: source.places ?? source.length,
    pick: source.pick && ((indices, pass) => kept(source.pick!(indices, pass), (i) => indices[i]!)),
  };
}
