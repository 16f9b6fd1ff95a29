import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Dataset, dataset, fail, parseIdx, type Tensor } from '@stratus/core';
import { refuseUnknown } from './options.ts';
import { bytesOf } from './paths.ts';

/** Options of {@link idx}. */
export interface IdxOptions<N extends string = string> {
  /** What the fields of a record are called, one for each file; `image` and `label` unless told. */
  readonly names?: readonly N[] | undefined;
}

/** A record of IDX files: a number where the file has one a record, else a tensor. */
export type IdxRecord<N extends string> = string extends N
  ? Readonly<Record<string, Tensor | number>>
  : { readonly [K in N]: K extends 'label' ? number : Tensor };

const decompress = promisify(gunzip);

async function read(file: string): Promise<Tensor> {
  const bytes = await bytesOf(file);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return parseIdx(bytes, { file });
  const plain = await decompress(bytes).catch((e: unknown) => {
    throw fail('corrupt', { file, reason: `it is no whole gzip file (${(e as Error).message})`, fix: 'Get it again.' }, e);
  });
  return parseIdx(plain, { file });
}

/**
 * The records of files in the format of MNIST: the first of each file belong together. Files may be compressed (.gz). They are read whole.
 *
 * Shapes: a record has what the header says but for the first axis. Errors: `file-not-found`, `file-failed`; `corrupt`, also for files of unequal length.
 * Source: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
 *
 * @example no-run
 * import { idx } from 'stratus';
 * const letters = await idx(['emnist-letters-train-images-idx3-ubyte.gz', 'emnist-letters-train-labels-idx1-ubyte.gz']);
 * for await (const { image, label } of letters.shuffle(1).batch(32)) console.log(image.shape, label.shape); // [32, 28, 28] [32]
 */
export async function idx<const N extends string = 'image' | 'label'>(
  files: string | readonly string[],
  options: IdxOptions<N> = {},
): Promise<Dataset<IdxRecord<N>>> {
  refuseUnknown('idx', options, ['names']);
  const all = typeof files === 'string' ? [files] : files;
  const names: readonly string[] = options.names ?? ['image', 'label'].slice(0, all.length);
  if (names.length !== all.length || new Set(names).size !== names.length || all.length === 0)
    throw fail('bad-value', {
      what: 'idx',
      got: `${all.length} files and the names [${names.join(', ')}]`,
      want: 'at least one file, and a name of its own for each',
    });
  const columns = await Promise.all(all.map(read));
  for (const [i, { shape }] of columns.entries())
    if (shape.length === 0 || shape[0] !== columns[0]!.shape[0])
      throw fail('corrupt', {
        file: all[i]!,
        reason: `it has ${shape[0] ?? 'no'} records, and ${all[0]} has ${columns[0]!.shape[0]}`,
        fix: 'Give the files of one part: its images and its labels.',
      });
  return dataset(Object.fromEntries(columns.map((column, i) => [names[i]!, column]))) as unknown as Dataset<IdxRecord<N>>;
}
