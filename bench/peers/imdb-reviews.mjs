import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A compressed file of the data sets as a text. */
export const unzipped = (data, ...path) => gunzipSync(readFileSync(join(data, ...path))).toString();

/** The texts of IMDB's 50,000 reviews, in the order of the file. */
export const reviews = (data) =>
  unzipped(data, 'imdb', 'imdb_reviews.jsonl.gz')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).text);

/** Eight letters for a text's numbers. */
export const digest = (ids) =>
  createHash('sha256')
    .update(Buffer.from(Int32Array.from(ids).buffer))
    .digest('hex')
    .slice(0, 8);
