import { foldIn, type RandomKey, uniformAt } from '../../tensor/index.ts';
import { after, type Chunk, rowsOf } from './chunk.ts';
import { listOf, piecesOf } from './records-of.ts';
import { classLabel } from './split.ts';
import type { Pass, Stage } from './stage.ts';

/** What {@link balanceStage} goes by. */
export interface Balance<R> {
  readonly classOf: (record: R) => unknown;
  readonly key: RandomKey;
  /** 'over' repeats records of rare classes, 'under' leaves out records of frequent ones. */
  readonly mode: 'over' | 'under';
}

/** Every class as often as every other, on average. The classes are counted once, in a pass of their own. */
export function balanceStage<R>(source: Stage<R>, { classOf, key, mode }: Balance<R>): Stage<R> {
  let counting: Promise<ReadonlyMap<unknown, number>> | undefined;
  // Not stopped by who asked first: others may wait for it as well.
  const count = async (): Promise<ReadonlyMap<unknown, number>> => {
    const counts = new Map<unknown, number>();
    for await (const chunk of source.chunks({ epoch: 0, skip: 0 }))
      for (const piece of piecesOf(chunk))
        for (const record of listOf(piece)) {
          const label = classLabel('balance', classOf(record));
          counts.set(label, (counts.get(label) ?? 0) + 1);
        }
    return counts;
  };
  async function* even(pass: Pass): AsyncGenerator<Chunk<R>> {
    counting ??= count();
    counting.catch(() => (counting = undefined)); // the next pass tries again
    const counts = await counting;
    const goal = mode === 'over' ? Math.max(...counts.values()) : Math.min(...counts.values());
    const own = foldIn(key, pass.epoch);
    let at = 0;
    for await (const chunk of source.chunks(pass))
      for (const piece of piecesOf(chunk)) {
        const places: number[] = [];
        for (const [i, record] of listOf(piece).entries()) {
          const wanted = goal / (counts.get(classOf(record)) ?? goal);
          const times = Math.floor(wanted) + (uniformAt(own, at++) < wanted % 1 ? 1 : 0);
          for (let k = 0; k < times; k++) places.push(i);
        }
        if (places.length > 0) yield rowsOf(piece, places);
      }
  }
  return { length: undefined, chunks: (pass) => after(even({ ...pass, skip: 0 }), pass.skip) };
}
