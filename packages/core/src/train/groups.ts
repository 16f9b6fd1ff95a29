import type { Batch } from './source.ts';

const alike = (a: Batch, b: Batch): boolean =>
  a.weighted === b.weighted &&
  Object.entries(a.feeds).every(([name, { shape }]) => {
    const other = b.feeds[name]!.shape;
    return shape.length === other.length && shape.every((size, i) => size === other[i]);
  });

/** Batches as they come, in groups of `count` with equal shapes; those that are left over, or followed by others, come alone. */
export async function* groups(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  count: () => number,
): AsyncGenerator<readonly [Batch, ...Batch[]]> {
  let waiting: Batch[] = [];
  const alone = function* () {
    const left = waiting;
    waiting = [];
    for (const batch of left) yield [batch] as const;
  };
  for await (const batch of batches) {
    if (waiting.length > 0 && !alike(waiting[0]!, batch)) yield* alone();
    waiting.push(batch);
    if (count() === 1) yield* alone();
    else if (waiting.length >= count()) {
      const group = waiting as [Batch, ...Batch[]];
      waiting = [];
      yield group;
    }
  }
  yield* alone();
}
