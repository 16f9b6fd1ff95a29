import { type Chunk, sliceOf } from './chunk.ts';
import type { Pass, Stage } from './stage.ts';

/** Every `size` records as one thing: what `make` makes of their parts; `from` is the number of the first one. */
export function groupStage<R>(
  source: Stage<R>,
  size: number,
  {
    dropRemainder,
    make,
  }: { readonly dropRemainder: boolean; make(parts: readonly Chunk<R>[], from: number, pass: Pass): unknown },
): Stage<unknown> {
  async function* groups(pass: Pass): AsyncGenerator<Chunk<unknown>> {
    let [parts, count, from]: [Chunk<R>[], number, number] = [[], 0, pass.skip * size];
    const whole = async (): Promise<unknown> => {
      const group = await make(parts, from, pass);
      from += count;
      [parts, count] = [[], 0];
      return group;
    };
    for await (const chunk of source.chunks({ ...pass, skip: from }))
      for (let at = 0; at < chunk.length; ) {
        const end = Math.min(chunk.length, at + size - count);
        parts.push(sliceOf(chunk, at, end));
        count += end - at;
        at = end;
        if (count === size) yield [await whole()];
      }
    if (count > 0 && !dropRemainder) yield [await whole()];
  }
  const { length } = source;
  return {
    length: length === undefined ? undefined : dropRemainder ? Math.floor(length / size) : Math.ceil(length / size),
    chunks: groups,
  };
}
