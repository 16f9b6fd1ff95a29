import type { Chunk } from './chunk.ts';
import type { Pass, Stage } from './stage.ts';

/** The same again and again; what is random is drawn anew each time. */
export function repeatStage<R>(source: Stage<R>, count: number): Stage<R> {
  const { length } = source;
  const base = (epoch: number): number => (Number.isFinite(count) ? epoch * count : 0);
  async function* again(pass: Pass): AsyncGenerator<Chunk<R>> {
    let { skip } = pass;
    const first = length === undefined || length === 0 ? 0 : Math.floor(skip / length);
    skip -= first * (length ?? 0);
    for (let round = first; round < count; round++) {
      let given = 0;
      for await (const chunk of source.chunks({
        ...pass,
        epoch: base(pass.epoch) + round,
        skip: length === undefined ? 0 : skip,
      })) {
        const from = length === undefined ? Math.min(chunk.length, Math.max(0, skip - given)) : 0;
        given += chunk.length;
        if (from < chunk.length) yield from === 0 ? chunk : chunk.slice(from, chunk.length);
      }
      if (given === 0 && length === undefined) return; // empty for ever
      if (length === 0) return;
      skip = length === undefined ? Math.max(0, skip - given) : 0;
    }
  }
  return {
    length: length === 0 ? 0 : length === undefined || !Number.isFinite(count) ? undefined : length * count,
    chunks: again,
  };
}
