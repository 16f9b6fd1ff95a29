import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fail, type Table, Tensor, table } from '@stratus/core';
import { membersOf } from './archive.ts';
import type { DataFile, DataSetInfo, LookupOptions } from './data-file.ts';
import { dataFolders, findHere, locate } from './lookup.ts';
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
};
/** @internal The official archive. */
export const imdbArchive: DataFile = {
  dataset: 'imdb',
  file: 'aclImdb_v1.tar.gz',
  bytes: 84_125_825,
  sha256: 'c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe',
  urls: ['https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz'],
};

/** @internal */
export const imdbInfo: DataSetInfo = {
  title: 'IMDB',
  about: 'Film reviews in English, negative and positive.',
  records: { train: 25_000, test: 25_000 },
  fields: { text: { dtype: 'string', shape: [] }, label: { dtype: 'uint8', shape: [] } },
  classes: { label: classes },
  source: 'https://ai.stanford.edu/~amaas/data/sentiment/',
  licence: 'none stated; for research',
  cite: 'Maas et al. 2011 (ACL), "Learning Word Vectors for Sentiment Analysis"',
  files: [[imdbFile, imdbArchive]],
  unpacked: 'aclImdb',
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

/** How many reviews a folder must hold. */
const reviewsEach = 12_500;

/** Reviews by their paths, `train/neg/0_3.txt`, as the official archive has them. Errors: `corrupt` where some are missing. */
async function sortReviews(
  paths: Iterable<string>,
  { where, read }: { readonly where: string; readonly read: (path: string) => Promise<string> },
): Promise<Parts> {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const files = folders.get(folder) ?? [];
    if (path.endsWith('.txt')) files.push(path);
    folders.set(folder, files);
  }
  const numberOf = (path: string): number => Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 10);
  const parts = noParts();
  for (const part of ['train', 'test'] as const) {
    for (const [label, name] of classes.entries()) {
      const reviews = (folders.get(`${part}/${name}`) ?? []).sort((a, b) => numberOf(a) - numberOf(b));
      if (reviews.length !== reviewsEach)
        throw fail('corrupt', {
          file: join(where, part, name),
          reason: `it holds ${reviews.length} reviews, expected ${reviewsEach}`,
          fix: 'Unpack the archive again.',
        });
      for (let i = 0; i < reviews.length; i += 100) {
        parts[part].texts.push(...(await Promise.all(reviews.slice(i, i + 100).map(read))));
        parts[part].labels.push(...new Array<number>(Math.min(100, reviews.length - i)).fill(label));
      }
    }
  }
  return parts;
}

/** The folder aclImdb, as the archive is unpacked. Undefined where there is none. */
async function readUnpacked(folder: string): Promise<Parts | undefined> {
  const folders = ['train/neg', 'train/pos', 'test/neg', 'test/pos'];
  const lists = await Promise.all(folders.map((name) => readdir(join(folder, name)).catch(() => undefined)));
  if (lists.includes(undefined)) return undefined;
  const paths = lists.flatMap((names, i) => names!.map((name) => `${folders[i]}/${name}`));
  return sortReviews(paths, { where: folder, read: (path) => readFile(join(folder, path), 'utf8') });
}

/** The reviews within the archive. The 50,000 without a label are left out. */
async function readArchive(options: LookupOptions): Promise<Parts> {
  const found = await locate([imdbFile, imdbArchive], options);
  const top = 'aclImdb/';
  const isReview = (path: string): boolean => /^aclImdb\/(train|test)\/(neg|pos)\/[^/]+\.txt$/.test(path);
  const members = await membersOf(found, isReview, options.signal);
  const decoder = new TextDecoder();
  const paths = [...members.keys()].map((path) => path.slice(top.length));
  return sortReviews(paths, { where: found.path, read: async (path) => decoder.decode(members.get(top + path)) });
}

async function readParts(options: LookupOptions): Promise<Parts> {
  if (await findHere([imdbFile], options)) {
    const { bytes, path } = await readData(imdbFile, options);
    return parseReviews(bytes, path);
  }
  for (const folder of dataFolders(imdbFile, options)) {
    const parts = await readUnpacked(join(folder, 'aclImdb'));
    if (parts) return parts;
  }
  return readArchive(options);
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
 * Read from `imdb/imdb_reviews.jsonl.gz`, from the folder `imdb/aclImdb`, as the official archive is unpacked, or from that archive itself, which is
 * downloaded once if need be (84 MB) and kept as it is; files are checked by their SHA-256.
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
