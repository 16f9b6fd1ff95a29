import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { fail } from '@stratus/core';
import { stampOf } from './paths.ts';

/** Files that have been found whole, as they were then. */
const known = new Set<string>();

/** DuckDB takes a compressed file that is cut off for one that ends there. Errors: `corrupt`. */
export async function checkGzip(file: string): Promise<void> {
  const stamp = `${file} ${await stampOf(file)}`;
  if (known.has(stamp)) return;
  try {
    await pipeline(createReadStream(file), createGunzip(), async (parts: AsyncIterable<unknown>) => {
      for await (const _ of parts);
    });
  } catch (e) {
    throw fail('corrupt', { file, reason: `it is no whole gzip file (${(e as Error).message})`, fix: 'Get it again.' }, e);
  }
  known.add(stamp);
}
