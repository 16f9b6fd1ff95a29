import { fail } from '../../errors.ts';
import type { Chunk } from './chunk.ts';
import { listOf } from './records-of.ts';
import type { Pass, Stage } from './stage.ts';

/** Two data sets side by side, as long as both have records. */
export function zipStage<A, B, R>(left: Stage<A>, right: Stage<B>, combine: (a: A, b: B) => R): Stage<R> {
  async function* pairs(pass: Pass): AsyncGenerator<Chunk<R>> {
    const others = right.chunks(pass)[Symbol.asyncIterator]();
    try {
      let [spare, used]: [readonly B[], number] = [[], 0];
      for await (const chunk of left.chunks(pass)) {
        const list = listOf(chunk);
        for (let at = 0; at < list.length; ) {
          if (used === spare.length) {
            const { done, value } = await others.next();
            if (done) return;
            [spare, used] = [listOf(value), 0];
          }
          const count = Math.min(list.length - at, spare.length - used);
          yield Array.from({ length: count }, (_, i) => combine(list[at + i]!, spare[used + i]!));
          at += count;
          used += count;
        }
      }
      // Both may end here: the other one has to be asked to know it, and to keep or check what it does at its end.
      if (used === spare.length) await others.next();
    } finally {
      await others.return?.();
    }
  }
  const known = left.length === undefined || right.length === undefined ? undefined : Math.min(left.length, right.length);
  return { length: known, chunks: pairs };
}

/** The fields of both records in one. Errors: `bad-value` for what is no record, or a field in both. */
export function merged<A, B>(a: A, b: B): A & B {
  for (const record of [a, b] as unknown[])
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw fail('bad-value', {
        what: 'zip',
        got: record === null ? 'null' : Array.isArray(record) ? 'a list' : typeof record,
        want: 'records with fields on both sides',
        fix: 'Say what a pair becomes: a.zip(b, (x, y) => ({ x, y })).',
      });
  const double = Object.keys(a as object).find((name) => Object.hasOwn(b as object, name));
  if (double !== undefined)
    throw fail('bad-value', {
      what: 'zip',
      got: `the field '${double}' on both sides`,
      want: 'different names',
      fix: 'Rename it with map, or say what a pair becomes: a.zip(b, (x, y) => ({ ... })).',
    });
  return { ...a, ...b };
}
