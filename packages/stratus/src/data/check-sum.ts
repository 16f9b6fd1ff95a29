import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fail, type StratusError } from '@stratus/core';
import type { DataFile } from './data-file.ts';
import type { Located } from './lookup.ts';

/** What a file has been found to be. */
export interface Sum {
  readonly bytes: number;
  readonly sha256: string;
}

/** Throws `corrupt` for a file with another SHA-256. */
export function checkSum(path: string, { bytes: size, sha256, alsoSha256 = [] }: DataFile, got: Sum): void {
  if (got.sha256 === sha256 || alsoSha256.includes(got.sha256)) return;
  throw fail('corrupt', {
    file: path,
    reason: `it has ${got.bytes} bytes and the SHA-256 ${got.sha256}, expected ${size} bytes and ${sha256}`,
    fix: 'Delete it: it is then taken from the next place, or downloaded again.',
  });
}

const readError = (path: string, signal: AbortSignal | undefined, e: unknown): StratusError =>
  signal?.aborted
    ? fail('aborted', { what: `Reading ${path}` }, e)
    : fail('file-failed', { file: path, doing: 'Reading', reason: (e as Error).message }, e);

/** The content of a file, bit by bit. Errors: `file-failed`, `aborted`. */
export async function* contentOf({ path, bytes }: Located, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (bytes) return yield bytes;
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20, signal }) as AsyncIterable<Uint8Array>;
  } catch (e) {
    throw readError(path, signal, e);
  }
}

/** Passes on what it is given, and checks its sum when it has ended. Errors: `corrupt`. */
export async function* summed({ path, wanted }: Located, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  checkSum(path, wanted, { bytes, sha256: hash.digest('hex') });
}

/** The whole content of a file, checked. Errors: `corrupt`, `file-failed`, `aborted`. */
export async function checkedBytes({ path, wanted, bytes: had }: Located, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes =
    had ??
    (await readFile(path, { signal }).catch((e: unknown) => {
      throw readError(path, signal, e);
    }));
  checkSum(path, wanted, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  return bytes;
}

/** Throws `corrupt` when a file is not what it must be. Nothing of it is kept in memory. */
export async function checkFile(found: Located, signal?: AbortSignal): Promise<void> {
  for await (const _ of summed(found, contentOf(found, signal)));
}
