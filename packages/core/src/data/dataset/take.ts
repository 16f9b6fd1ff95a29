import { upTo } from './chunk.ts';
import type { Stage } from './stage.ts';

/** The first `count` records. */
export function takeStage<R>(source: Stage<R>, count: number): Stage<R> {
  return {
    length: source.length === undefined ? undefined : Math.min(source.length, count),
    chunks: (pass) => upTo(source.chunks(pass), Math.max(0, count - pass.skip)),
    pick: source.length === undefined ? undefined : source.pick,
  };
}
