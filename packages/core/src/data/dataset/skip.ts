import type { Stage } from './stage.ts';

/** All but the first `count` records. */
export function skipStage<R>(source: Stage<R>, count: number): Stage<R> {
  // A place is a record only where nothing was filtered out.
  const pick = source.length === undefined ? undefined : source.pick;
  return {
    length: source.length === undefined ? undefined : Math.max(0, source.length - count),
    chunks: (pass) => source.chunks({ ...pass, skip: pass.skip + count }),
    pick:
      pick &&
      ((indices, pass) =>
        pick(
          indices.map((i) => i + count),
          pass,
        )),
  };
}
