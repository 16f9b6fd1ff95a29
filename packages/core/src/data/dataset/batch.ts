import { type Chunk, sliceOf } from './chunk.ts';
import { type CollateOptions, collate } from './collate.ts';
import type { Pass, Stage } from './stage.ts';

/** Options of `Dataset.batch`. */
export interface BatchOptions extends CollateOptions {
  /** Leaves out the last batch where it is smaller; false unless told. */
  readonly dropRemainder?: boolean | undefined;
}

/** `size` records as one: a tensor for each field. */
export function batchStage<R>(
  source: Stage<R>,
  size: number,
  { dropRemainder = false, ...options }: BatchOptions,
): Stage<unknown> {
  async function* batches(pass: Pass): AsyncGenerator<Chunk<unknown>> {
    let [parts, count, from]: [Chunk<R>[], number, number] = [[], 0, pass.skip * size];
    const whole = (): unknown => {
      const batch = collate(parts, options, from);
      from += count;
      [parts, count] = [[], 0];
      return batch;
    };
    for await (const chunk of source.chunks({ ...pass, skip: from }))
      for (let at = 0; at < chunk.length; ) {
        const end = Math.min(chunk.length, at + size - count);
        parts.push(sliceOf(chunk, at, end));
        count += end - at;
        at = end;
        if (count === size) yield [whole()];
      }
    if (count > 0 && !dropRemainder) yield [whole()];
  }
  const { length } = source;
  return {
    length: length === undefined ? undefined : dropRemainder ? Math.floor(length / size) : Math.ceil(length / size),
    chunks: batches,
  };
}
