import { type Chunk, murmurHash3 } from '../data/index.ts';
import { fail } from '../errors.ts';
import type { Values } from './form.ts';
import { rawValues } from './read-values.ts';
import type { Context } from './step.ts';

/** Where records come from, for the steps that ask. */
export function contextOf(
  records: Chunk<unknown>,
  {
    from,
    training,
    fields,
    targets,
  }: { from: number; training: boolean; fields: readonly string[]; targets?: Values | undefined },
): Context {
  return {
    from,
    training,
    identities() {
      const columns = fields.map((field) => rawValues(records, field));
      return Uint32Array.from({ length: records.length }, (_, i) => {
        const own = columns.map((column) => (typeof column[i] === 'bigint' ? String(column[i]) : (column[i] ?? null)));
        return murmurHash3(JSON.stringify(own)) >>> 0;
      });
    },
    targets() {
      if (targets) return Float64Array.from(targets as ArrayLike<number>);
      throw fail('bad-value', {
        what: 'preprocessing',
        got: 'no target',
        want: 'one, as a step learns from it',
        fix: 'Give target: { price: [] }.',
      });
    },
  };
}
