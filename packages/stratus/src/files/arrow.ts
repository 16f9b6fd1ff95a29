import { type FileHandle, open } from 'node:fs/promises';
import {
  type AnyTable,
  anyTable,
  type Chunk,
  type Dataset,
  dataset,
  fail,
  lookUp,
  type Pass,
  StratusError,
  type Tensor,
} from '@stratus/core';
import type { RecordBatch, RecordBatchReader, Schema } from 'apache-arrow';
import { messagesOf } from './arrow-messages.ts';
import { type ColumnType, checkColumns, type RecordOfTypes } from './column-types.ts';
import { refuseUnknown } from './options.ts';
import { checkUnchanged, filesOf, type Paths, stampOf } from './paths.ts';
import type { TableOptions } from './scan.ts';

const fileMagic = 'ARROW1';

/** Where the first message begins: a file is a stream between two signs. Throws `corrupt` for what is neither, and a file that is cut off. */
async function startOf(handle: FileHandle, file: string): Promise<number> {
  const corrupt = (reason: string, fix: string) => fail('corrupt', { file, reason, fix });
  const { size } = await handle.stat();
  const at = async (from: number): Promise<string> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, Math.max(0, from));
    return buffer.toString('latin1', 0, bytesRead);
  };
  const start = await at(0);
  if (start.startsWith('FEA1'))
    throw corrupt('it is a Feather file of version 1', 'Write it again: pyarrow.feather.write_feather(table, path, version=2).');
  if (start.startsWith('\xff\xff\xff\xff')) return 0;
  if (start !== fileMagic) throw corrupt('it does not begin as a file or a stream of Arrow does', 'Check the path.');
  if (size < 20 || (await at(size - 6)) !== fileMagic)
    throw corrupt(`it is cut off after ${size} bytes`, 'Get it again, or write it again and close the writer.');
  return 8;
}

/** The library, with what unpacks compressed files. */
async function library(): Promise<typeof import('apache-arrow')> {
  const arrow = await import('apache-arrow');
  const { decompress } = await import('fzstd');
  const { unpackLz4 } = await import('./lz4.ts');
  const { compressionRegistry, CompressionType } = arrow;
  if (!compressionRegistry.get(CompressionType.LZ4_FRAME))
    compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: unpackLz4 });
  if (!compressionRegistry.get(CompressionType.ZSTD))
    compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => decompress(bytes) });
  return arrow;
}

/** What of a schema is read: places of columns, and what each becomes. */
async function plansOf(schema: Schema, file: string, columns: Readonly<Record<string, ColumnType>> | undefined) {
  const { planOf } = await import('./arrow-columns.ts');
  const names = schema.fields.map(({ name }) => name);
  const double = names.find((name, i) => names.indexOf(name) < i || name === '__proto__');
  if (double !== undefined)
    throw fail('corrupt', {
      file,
      reason: double === '__proto__' ? "a column is called '__proto__'" : `two columns are called '${double}'`,
      fix: 'Give each a name of its own.',
    });
  const known = Object.fromEntries(names.map((name) => [name, true]));
  for (const name of Object.keys(columns ?? {})) lookUp('column of arrow', known, name);
  return (columns ? Object.keys(columns) : names).map((name) => {
    const index = names.indexOf(name);
    return { name, index, plan: planOf(name, schema.fields[index]!.type, columns?.[name]) };
  });
}

/** The batches of a file, one at a time. */
async function* batchesOf(file: string): AsyncGenerator<RecordBatch> {
  let handle: FileHandle | undefined;
  let reader: RecordBatchReader | undefined;
  try {
    handle = await open(file);
    const start = await startOf(handle, file);
    const { checkLengths } = await import('./arrow-lengths.ts');
    const { RecordBatchReader: Reader } = await library();
    reader = await Reader.from(messagesOf(handle, start));
    await reader.open({ autoDestroy: false });
    for await (const batch of reader as AsyncIterable<RecordBatch>) {
      checkLengths(batch.data);
      yield batch;
    }
  } catch (e) {
    if (StratusError.is(e) && e.code !== 'corrupt') throw e;
    const { code, message } = e as NodeJS.ErrnoException;
    if (StratusError.is(e) && e.details.file === file) throw e;
    if (code !== undefined && !StratusError.is(e) && 'syscall' in (e as object))
      throw fail('file-failed', { file, doing: 'Reading', reason: message }, e);
    throw fail(
      'corrupt',
      { file, reason: `it cannot be read as Arrow (${message.replace(/\.$/, '')})`, fix: 'Get it again, or write it again.' },
      e,
    );
  } finally {
    await reader?.cancel();
    await handle?.close().catch(() => undefined);
  }
}

async function* tables(
  paths: Paths,
  columns: Readonly<Record<string, ColumnType>> | undefined,
  pass: Pass,
): AsyncGenerator<Chunk<unknown>> {
  const { tensorOf } = await import('./arrow-columns.ts');
  const files = await filesOf(paths);
  const stamps = new Map(await Promise.all(files.map(async (file) => [file, await stampOf(file)] as const)));
  let [record, left, first] = [0, pass.skip, undefined as string | undefined];
  for (const file of files) {
    let plans: Awaited<ReturnType<typeof plansOf>> | undefined;
    for await (const batch of batchesOf(file)) {
      if (!plans) {
        plans = await plansOf(batch.schema, file, columns);
        const names = batch.schema.fields.map(({ name }) => name).join(', ');
        first ??= names;
        if (names !== first)
          throw fail('corrupt', {
            file,
            reason: `its columns are ${names}, and those of ${files[0]} are ${first}`,
            fix: 'Read files of other columns as data sets of their own, and join them with concat.',
          });
      }
      const count = batch.numRows;
      const read = <T>(name: string, work: () => T): T => {
        try {
          return work();
        } catch (e) {
          const reason = `the column '${name}' cannot be read in the records from ${record} (${(e as Error).message.replace(/\.$/, '')})`;
          throw fail('corrupt', { file, reason, fix: 'Get it again, or leave the column out.' }, e);
        }
      };
      const skipped = Math.min(left, count);
      left -= skipped;
      if (count > skipped) {
        const whole: Record<string, Tensor> = {};
        for (const { name, index, plan } of plans) {
          const { values, missing } = read(name, () => tensorOf(batch.getChildAt(index)!, plan));
          if (missing !== undefined)
            throw fail('corrupt', {
              file,
              reason: `record ${record + missing} has no value of type ${plan.type} in the column '${name}' (records are counted from 0)`,
              fix: "Mend it, or read the column as 'float32', where what is missing is NaN.",
            });
          whole[name] = values;
        }
        const table: AnyTable = anyTable(whole);
        yield skipped > 0 ? table.skip(skipped) : table;
      }
      record += count;
    }
  }
  await checkUnchanged(stamps);
}

/**
 * The records of Arrow IPC files and streams (`.arrow`, `.arrows`, `.feather`; also compressed with LZ4 or Zstandard), one file after the other, a batch in memory at a time.
 *
 * Shapes: a record has a field for each column; `batch` gives `[size]` for each, without making records; lists of fixed size with numbers are `[size, width]`.
 * Times are texts (ISO 8601), or milliseconds since 1970 where a number is asked for; lists and structs are JSON.
 * Errors, when it is read: `file-not-found`, `file-failed`; `corrupt` for what is no whole Arrow, two columns of one name, files of other columns, and a missing value where
 * the type knows none; `unknown-name` for a column; `bad-value` for a column that cannot be read so. Source: https://arrow.apache.org/docs/format/Columnar.html
 *
 * @example no-run
 * import { arrow } from 'stratus';
 * const vectors = arrow('embeddings-*.arrow', { columns: { label: 'int32', score: 'float32' } });
 * for await (const { label, score } of vectors.shuffle(1).batch(64)) console.log(label.shape, score.shape); // [64] [64]
 */
export function arrow<const C extends Readonly<Record<string, ColumnType>>>(
  paths: Paths,
  options: TableOptions<C> & { readonly columns: C },
): Dataset<RecordOfTypes<C>>;
export function arrow(paths: Paths, options?: TableOptions): Dataset<Readonly<Record<string, number | string | Tensor>>>;
export function arrow(paths: Paths, options: TableOptions = {}): Dataset<never> {
  refuseUnknown('arrow', options, ['columns']);
  const { columns } = options;
  checkColumns('arrow', columns);
  return dataset({ length: undefined, chunks: (pass) => tables(paths, columns, pass) as AsyncIterable<Chunk<never>> });
}
