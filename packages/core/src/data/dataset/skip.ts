import type { Stage } from './stage.ts';

/** All but the first `count` records. */
export function skipStage<R>(source: Stage<R>, count: number): Stage<R> {
  return {
    length: source.length === undefined ? undefined : Math.max(0, source.length - count),
    chunks: (pass) => source.chunks({ ...pass, skip: pass.skip + count }),
    pick:
      source.pick &&
      ((indices, pass) =>
        source.pick!(
          indices.map((i) => i + count),
          pass,
        )),
  };
}
