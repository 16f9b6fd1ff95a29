import { fail } from '../../errors.ts';
import { after, type Chunk } from './chunk.ts';
import { type CollateOptions, collate } from './collate.ts';
import { listOf } from './records-of.ts';
import type { Pass, Stage } from './stage.ts';

/** Options of `Dataset.bucketByLength`. */
export interface BucketOptions<R> extends CollateOptions {
  /** How long a record is: the field whose length counts, or a function. */
  readonly length: (keyof R & string) | ((record: R) => number);
  /** Where one bucket ends and the next begins, rising: `[50, 100]` makes three buckets, below 50, below 100, and the rest. */
  readonly boundaries: readonly number[];
  /** How many records a batch has: one number, or one for each bucket. */
  readonly batchSize: number | readonly number[];
  /** Leaves out what does not fill a batch at the end; false unless told. */
  readonly dropRemainder?: boolean | undefined;
}

/** How long a field is. Errors: `bad-value`. */
function lengthIn(record: unknown, field: string): number {
  const value = (record as Readonly<Record<string, unknown>> | null)?.[field];
  if (typeof value === 'string' || Array.isArray(value) || ArrayBuffer.isView(value))
    return (value as unknown as { length: number }).length;
  const size = (value as { readonly shape?: readonly number[] } | undefined)?.shape?.[0];
  if (size !== undefined) return size;
  throw fail('bad-value', {
    what: 'bucketByLength',
    got: value === undefined ? `a record without '${field}'` : `'${field}' of type ${typeof value}`,
    want: 'a field that has a length: a list, a text or a tensor',
    fix: 'Give a function: bucketByLength({ length: (record) => ... }).',
  });
}

/** Batches of records of similar length, so that little has to be filled up. */
export function bucketStage<R>(source: Stage<R>, options: BucketOptions<R>): Stage<unknown> {
  const { length, boundaries, batchSize, dropRemainder = false, ...collating } = options;
  const lengthOf = typeof length === 'function' ? length : (record: R): number => lengthIn(record, length);
  const sizeOf = (bucket: number): number => (typeof batchSize === 'number' ? batchSize : batchSize[bucket]!);
  async function* batches(pass: Pass): AsyncGenerator<Chunk<unknown>> {
    const buckets = Array.from({ length: boundaries.length + 1 }, (): R[] => []);
    for await (const chunk of source.chunks(pass))
      for (const record of listOf(chunk)) {
        const size = lengthOf(record);
        const bucket = boundaries.filter((boundary) => size >= boundary).length;
        if (buckets[bucket]!.push(record) === sizeOf(bucket)) yield [collate([buckets[bucket]!.splice(0)], collating)];
      }
    if (!dropRemainder) for (const left of buckets) if (left.length > 0) yield [collate([left], collating)];
  }
  return { length: undefined, chunks: (pass) => after(batches({ ...pass, skip: 0 }), pass.skip) };
}
