import type { Chunk } from './chunk.ts';
import type { Pass, Stage } from './stage.ts';

/** One data set after the other. */
export function concatStage<R>(first: Stage<R>, second: Stage<R>): Stage<R> {
  const { length } = first;
  async function* both(pass: Pass): AsyncGenerator<Chunk<R>> {
    let given = 0;
    if (length === undefined || pass.skip < length)
      for await (const chunk of first.chunks(length === undefined ? { ...pass, skip: 0 } : pass)) {
        // Where nobody knows how long the first is, it is read to know.
        const from = length === undefined ? Math.min(chunk.length, Math.max(0, pass.skip - given)) : 0;
        given += chunk.length;
        if (from < chunk.length) yield from === 0 ? chunk : chunk.slice(from, chunk.length);
      }
    yield* second.chunks({ ...pass, skip: Math.max(0, pass.skip - (length ?? given)) });
  }
  return {
    length: length === undefined || second.length === undefined ? undefined : length + second.length,
    chunks: both,
  };
}
