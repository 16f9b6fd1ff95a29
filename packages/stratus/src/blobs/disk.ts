import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fail, StratusError } from '@stratus/core';
import type { Blob, BlobSource, Blobs, PutOptions } from './blobs.ts';
import { Hashing, hexOf } from './digest.ts';
import { isMissing, namesIn, type Places, placesIn, takeBack } from './places.ts';
import { sweepFolder } from './sweep.ts';
import { syncFolder } from './sync.ts';

const failed = (file: string, doing: string, e: unknown): StratusError =>
  StratusError.is(e) ? e : fail('file-failed', { file, doing, reason: (e as Error).message }, e);

/** Does it, and once more when the blob was put aside meanwhile. */
async function found<T>(places: Places, hex: string, work: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (e) {
      if (!isMissing(e)) throw e;
      if (tries === 3 || !(await takeBack(places, hex))) return undefined;
    }
  }
}

/** All of a file, in memory once and hashed on the way: in pieces, because neither a read nor a hash takes 2 GB at once. */
async function readInto(file: FileHandle, hashing: Hashing): Promise<Uint8Array> {
  const bytes = new Uint8Array((await file.stat()).size);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(2 ** 22, bytes.length - at));
    if (bytesRead === 0) break; // cut off meanwhile, which the digest says
    hashing.add(bytes.subarray(at, at + bytesRead));
    at += bytesRead;
  }
  return bytes;
}

/**
 * Blobs in a folder, which several processes of one machine may use at the same time. A blob is written under another name, synced and renamed, so it is there whole or not at all.
 *
 * Errors: `bad-value`, `corrupt`, `file-not-found`, `file-failed`, `aborted`, as {@link Blobs} says for each call.
 *
 * @example no-run
 * import { diskBlobs, openStore } from 'stratus';
 * const blobs = diskBlobs('.stratus/blobs');
 * const store = await openStore('.stratus/store.db');
 * const file = await blobs.put(new TextEncoder().encode('weights'));
 * await store.models.register('digits', file);
 * await blobs.sweep({ references: () => store.references() });
 */
export function diskBlobs(folder: string): Blobs {
  const root = resolve(folder);
  const places = placesIn(root);
  const missing = (digest: string): StratusError => fail('file-not-found', { file: `The blob ${digest}`, looked: [root] });

  const statOf = (hex: string): Promise<number | undefined> =>
    found(places, hex, async () => (await stat(places.blob(hex))).size);

  async function write(file: string, source: BlobSource, { signal }: PutOptions): Promise<Blob> {
    const hashing = new Hashing();
    const handle = await open(file, 'wx');
    try {
      for await (const piece of source instanceof Uint8Array ? [source] : source) {
        if (signal?.aborted) throw fail('aborted', { what: 'Putting a blob' });
        hashing.add(piece);
        for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    return { digest: hashing.digest(), bytes: hashing.bytes };
  }

  const wrong = (digest: string, got: string): StratusError =>
    fail('corrupt', {
      file: `The blob ${digest} in ${root}`,
      reason: `its bytes are those of ${got}`,
      fix: 'Restore it from a copy, or put it again: the damaged file is replaced.',
    });

  /** Bytes as they lie there, checked at the end. */
  async function* stream(digest: string): AsyncGenerator<Uint8Array> {
    const hex = hexOf(digest);
    const hashing = new Hashing();
    try {
      const handle = await found(places, hex, () => open(places.blob(hex)));
      if (handle === undefined) throw missing(digest);
      for await (const piece of handle.createReadStream({ highWaterMark: 2 ** 18 }) as AsyncIterable<Uint8Array>) {
        hashing.add(piece);
        yield piece;
      }
    } catch (e) {
      throw failed(places.blob(hex), 'Reading', e);
    }
    const got = hashing.digest();
    if (got !== digest) throw wrong(digest, got);
  }

  return {
    address: root,

    async put(source, options = {}) {
      if (options.expect !== undefined) hexOf(options.expect);
      const file = join(places.unfinished, randomUUID());
      try {
        await mkdir(places.unfinished, { recursive: true });
        const blob = await write(file, source, options);
        if (options.expect !== undefined && options.expect !== blob.digest)
          throw fail('corrupt', {
            file: 'What was to be put',
            reason: `it is ${blob.digest} and not ${options.expect}`,
            fix: 'Send it again.',
          });
        const hex = hexOf(blob.digest);
        await mkdir(dirname(places.blob(hex)), { recursive: true });
        await rename(file, places.blob(hex)); // also over one that is there: it becomes young, and whole if it was damaged
        await syncFolder(dirname(places.blob(hex)));
        await syncFolder(places.blobs);
        return blob;
      } catch (e) {
        await rm(file, { force: true }).catch(() => undefined);
        throw failed(root, 'Writing a blob to', e);
      }
    },

    async stat(digest) {
      const hex = hexOf(digest);
      try {
        const bytes = await statOf(hex);
        return bytes === undefined ? undefined : { digest, bytes };
      } catch (e) {
        throw failed(places.blob(hex), 'Reading', e);
      }
    },

    async read(digest) {
      const hex = hexOf(digest);
      const hashing = new Hashing();
      let bytes: Uint8Array;
      try {
        const handle = await found(places, hex, () => open(places.blob(hex)));
        if (handle === undefined) throw missing(digest);
        try {
          bytes = await readInto(handle, hashing);
        } finally {
          await handle.close();
        }
      } catch (e) {
        throw failed(places.blob(hex), 'Reading', e);
      }
      const got = hashing.digest();
      if (got !== digest) throw wrong(digest, got);
      return bytes;
    },

    stream,

    async list() {
      try {
        const parts = await Promise.all((await namesIn(places.blobs)).map((part) => namesIn(join(places.blobs, part))));
        return [...new Set([...parts.flat(), ...(await namesIn(places.asides))])].sort().map((hex) => `sha256:${hex}`);
      } catch (e) {
        throw failed(root, 'Reading', e);
      }
    },

    async sweep(options) {
      try {
        return await sweepFolder(places, options);
      } catch (e) {
        throw failed(root, 'Clearing up', e);
      }
    },
  };
}
