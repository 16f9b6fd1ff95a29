import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { fail, StratusError } from '@stratus/core';
import { checkFile, contentOf, summed } from './check-sum.ts';
import type { Located } from './lookup.ts';

/**
 * Files of an archive (.tar.gz) by their paths in it. Nothing else of it is kept in memory, and nothing is written to disk.
 * Errors: `corrupt` for another SHA-256 than it must have; `file-failed`, `aborted`.
 */
export async function membersOf(
  archive: Located,
  isWanted: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { unpackTar } = await import('modern-tar');
  const source = Readable.from(summed(archive, contentOf(archive, signal)), { objectMode: false });
  const plain = createGunzip({ chunkSize: 2 ** 18 });
  source.on('error', (e) => plain.destroy(e));
  try {
    const stream = Readable.toWeb(source.pipe(plain)) as ReadableStream<Uint8Array>;
    const entries = await unpackTar(stream, { filter: ({ type, name }) => (type ?? 'file') === 'file' && isWanted(name) });
    // What follows the end of the archive counts in the sum too.
    if (!source.readableEnded) await checkFile(archive, signal);
    return new Map(entries.map(({ header, data }) => [header.name, data ?? new Uint8Array()]));
  } catch (e) {
    if (StratusError.is(e)) throw e;
    await checkFile(archive, signal); // it says more than gzip does
    throw fail('corrupt', { file: archive.path, reason: (e as Error).message, fix: 'Get the file again.' }, e);
  } finally {
    source.destroy();
    plain.destroy();
  }
}
