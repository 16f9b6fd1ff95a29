import { fail, type Table } from '@stratus/core';
import type { DataSetInfo } from './data-file.ts';
import { type ShuffledOptions, type TextColumns, type TextRecord, textTable } from './imdb.ts';
import { readData, withPlain } from './read-data.ts';

const archive = 'https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz';
const part = (file: string, bytes: number, sha256: string, plain: { bytes: number; sha256: string }) =>
  withPlain(
    {
      dataset: 'rt-polarity',
      file: `${file}.gz`,
      bytes,
      sha256,
      byHand: `download ${archive} (0.5 MB) and unpack it; ${file} in it is what is needed, as it is`,
    },
    { ...plain, urls: [`https://raw.githubusercontent.com/yoonkim/CNN_sentence/master/${file}`] },
  );

/** @internal Negative, positive: the order of the labels. */
export const rtPolarityFiles = [
  part('rt-polarity.neg', 241_479, '686d02aabf50165a27ecb4a95ac2ee297669f3a2e14f8f71d83239c274315995', {
    bytes: 612_256,
    sha256: '4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca',
  }),
  part('rt-polarity.pos', 243_985, '078eeb998ac90652a6cea5a5af8180d1b2c745ecc9843d4642d70e547543098b', {
    bytes: 626_139,
    sha256: '2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0',
  }),
] as const;

/** @internal */
export const rtPolarityInfo: DataSetInfo = {
  title: 'Sentence polarity (MR)',
  about: 'Sentences of film reviews in English, negative and positive.',
  records: { all: 10_662 },
  fields: { text: { dtype: 'string', shape: [] }, label: { dtype: 'uint8', shape: [] } },
  classes: { label: ['neg', 'pos'] },
  source: 'https://www.cs.cornell.edu/people/pabo/movie-review-data/',
  licence: 'none stated',
  cite: 'Pang & Lee 2005 (ACL), "Seeing stars"',
  files: rtPolarityFiles,
};

/**
 * What Windows-1252 has in place of the control characters from 0x80. By hand: the TextDecoder of several versions of Node reads
 * 'windows-1252' as if it were Latin-1. The five that it leaves out stay as they are.
 */
const upper = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** @internal One sentence a line in Windows-1252. Only \n ends a line: the byte 0x85, which is a line's end to some, is an ellipsis here. */
export function parseSentences(bytes: Uint8Array, file = 'The sentences'): string[] {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const lines = latin1.replace(/[\x80-\x9f]/g, (c) => upper[c.charCodeAt(0) - 0x80]!).split('\n');
  if (lines.at(-1) === '') lines.pop();
  const empty = lines.findIndex((line) => line.trim() === '');
  if (empty >= 0) throw fail('corrupt', { file, reason: `line ${empty + 1} is empty`, fix: 'Get the file again.' });
  return lines.map((line) => line.trim());
}

/**
 * Sentence polarity ("MR"): 5,331 negative (0) and 5,331 positive (1) sentences of film reviews in English, in lower case, words and
 * punctuation already separated by spaces. There is no official split; Kim 2014 uses ten folds. The table comes mixed, in the order of `seed`.
 *
 * Shapes: `text` `[10662]` string and `label` `[10662]` uint8. Errors: `data-not-found`, `corrupt`, `file-failed`, `aborted`.
 * Source: Pang & Lee 2005 (ACL), "Seeing stars", https://www.cs.cornell.edu/people/pabo/movie-review-data/. No explicit licence; cite the paper.
 *
 * @example no-run
 * import { rtPolarity } from 'stratus';
 * const [train, test] = (await rtPolarity()).split(0.9);
 * console.log(train.length, test.record(0).text);
 */
export async function rtPolarity({ seed = 113, ...options }: ShuffledOptions = {}): Promise<Table<TextColumns, TextRecord>> {
  const parts = await Promise.all(
    rtPolarityFiles.map(async (forms) => {
      const { bytes, path } = await readData(forms, options);
      return parseSentences(bytes, path);
    }),
  );
  return textTable({ texts: parts.flat(), labels: parts.flatMap((lines, label) => lines.map(() => label)) }, seed);
}
