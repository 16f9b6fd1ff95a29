import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fail, StratusError, type Table, Tensor, table } from '@stratus/core';
import { type DataFile, dataFolders, type LookupOptions } from './lookup.ts';
import { readData } from './read-data.ts';

/** Columns of a set of labelled texts: `text` `[n]`, `label` `[n]`. */
export type TextColumns = { readonly text: Tensor<'string'>; readonly label: Tensor<'uint8'> };
/** One text and its label. */
export type TextRecord = { readonly text: string; readonly label: number };
/** The two parts of the IMDB reviews: 25,000 to train with and 25,000 to test with, half of each positive. */
export interface Imdb {
  readonly train: Table<TextColumns, TextRecord>;
  readonly test: Table<TextColumns, TextRecord>;
  /** The class behind each label: negative, positive. */
  readonly classes: readonly string[];
}
/** Options of sets that are sorted by class in their files. */
export interface ShuffledOptions extends LookupOptions {
  /** The order that the records come in: always mixed, so that a part of them holds all classes. 113 unless told, as in Keras. */
  readonly seed?: number | undefined;
}

type Part = 'train' | 'test';
interface Labelled {
  readonly texts: string[];
  readonly labels: number[];
}
type Parts = Readonly<Record<Part, Labelled>>;
const noParts = (): Parts => ({ train: { texts: [], labels: [] }, test: { texts: [], labels: [] } });
const classes = ['neg', 'pos'] as const;

/** @internal */
export const imdbFile: DataFile = {
  dataset: 'imdb',
  file: 'imdb_reviews.jsonl.gz',
  bytes: 24_626_101,
  sha256: '93b7e030a9614d7d20eff9ae6872757476b35b398f0225b39ae539dfb70c8e4c',
  urls: [],
  byHand:
    'download https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz (84 MB) and unpack it; its folder aclImdb is read in place of this file',
};

/** @internal JSON lines of split, label and text. Errors: `corrupt`. */
export async function parseReviews(bytes: Uint8Array, file = 'The reviews'): Promise<Parts> {
  const parts = noParts();
  const decoder = new TextDecoder();
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    try {
      const review = JSON.parse(decoder.decode(bytes.subarray(start, end))) as { split: Part; label: string; text: string };
      const label = (classes as readonly string[]).indexOf(review.label);
      if (label < 0 || typeof review.text !== 'string') throw new SyntaxError('it has no label neg or pos, or no text');
      parts[review.split].texts.push(review.text);
      parts[review.split].labels.push(label);
    } catch (e) {
      throw fail('corrupt', { file, reason: `line ${line}: ${(e as Error).message}`, fix: 'Get the file again.' }, e);
    }
    start = end + 1;
    if (line % 2000 === 0) await turn(); // 65 MB of JSON would hold up everything else for a second
  }
  return parts;
}

/** The folder aclImdb of the official archive: one file a review, `train/neg/0_3.txt`. Undefined where there is none. */
async function readArchive(folder: string): Promise<Parts | undefined> {
  const parts = noParts();
  for (const part of ['train', 'test'] as const) {
    for (const [label, name] of classes.entries()) {
      const path = join(folder, part, name);
      const files = await readdir(path).catch(() => undefined);
      if (files === undefined) return undefined;
      const reviews = files
        .filter((file) => file.endsWith('.txt'))
        .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
      if (reviews.length !== 12_500)
        throw fail('corrupt', {
          file: path,
          reason: `it holds ${reviews.length} reviews, expected 12500`,
          fix: 'Unpack the archive again.',
        });
      for (let i = 0; i < reviews.length; i += 100) {
        const texts = await Promise.all(reviews.slice(i, i + 100).map((file) => readFile(join(path, file), 'utf8')));
        parts[part].texts.push(...texts);
        parts[part].labels.push(...texts.map(() => label));
      }
    }
  }
  return parts;
}

async function readParts(options: LookupOptions): Promise<Parts> {
  try {
    const { bytes, path } = await readData(imdbFile, options);
    return await parseReviews(bytes, path);
  } catch (e) {
    if (!StratusError.is(e) || e.code !== 'data-not-found') throw e;
    for (const folder of dataFolders(imdbFile, options)) {
      const parts = await readArchive(join(folder, 'aclImdb'));
      if (parts) return parts;
    }
    throw e;
  }
}

/** Texts and labels as a table, mixed. */
export const textTable = ({ texts, labels }: Labelled, seed: number): Table<TextColumns, TextRecord> =>
  table<TextColumns, TextRecord>({
    text: new Tensor('string', [texts.length], texts),
    label: new Tensor('uint8', [labels.length], Uint8Array.from(labels)),
  }).shuffle(seed);

/**
 * IMDB: 50,000 film reviews in English, 25,000 for training and 25,000 for testing, each half negative (0) and half positive (1);
 * the texts as they were written, with `<br />`. The files are sorted by class; the tables come mixed, in the order of `seed`.
 * Read from `imdb/imdb_reviews.jsonl.gz` (checked by SHA-256), or from the folder `imdb/aclImdb` of the official archive,
 * in `$STRATUS_DATA` or the cache; nothing is downloaded by itself.
 *
 * Shapes: `text` `[n]` string and `label` `[n]` uint8. Errors: `data-not-found` (says how to get it), `corrupt`, `file-failed`, `aborted`.
 * Source: Maas et al. 2011 (ACL), "Learning Word Vectors for Sentiment Analysis", https://ai.stanford.edu/~amaas/data/sentiment/.
 * No explicit licence: for research, cite the paper.
 *
 * @example no-run
 * import { imdb } from 'stratus';
 * const { train, test, classes } = await imdb();
 * console.log(train.length, test.length, classes[train.record(0).label]);
 */
export async function imdb({ seed = 113, ...options }: ShuffledOptions = {}): Promise<Imdb> {
  const { train, test } = await readParts(options);
  return { train: textTable(train, seed), test: textTable(test, seed), classes };
}
