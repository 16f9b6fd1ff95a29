import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '@stratus/core';
import type { Blob, BlobSource } from './blobs.ts';
import { Hashing } from './digest.ts';

/** Bytes that are known in full before any of them is sent, and can be sent again in parts. */
export interface Spool {
  readonly blob: Blob;
  part(start: number, length: number): Promise<Uint8Array>;
  release(): Promise<void>;
}

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** Reads a source to its end: into memory up to a size, beyond that into a file that nobody else sees. Errors: those of the source; `aborted`. */
export async function spool(source: BlobSource, inMemory: number, signal?: AbortSignal): Promise<Spool> {
  const hashing = new Hashing();
  const kept: Uint8Array[] = [];
  let file: FileHandle | undefined;
  const release = async (): Promise<void> => await file?.close();
  try {
    for await (const piece of source instanceof Uint8Array ? [source] : source) {
      if (signal?.aborted) throw fail('aborted', { what: 'Putting a blob' });
      hashing.add(piece);
      if (file === undefined && (source instanceof Uint8Array || hashing.bytes <= inMemory)) {
        kept.push(piece.slice());
        continue;
      }
      if (file === undefined) {
        file = await temporary();
        for (const early of kept.splice(0)) await file.writeFile(early);
      }
      await file.writeFile(piece);
    }
  } catch (e) {
    await release();
    throw e;
  }
  const whole = Buffer.concat(kept);
  return {
    blob: { digest: hashing.digest(), bytes: hashing.bytes },
    async part(start, length) {
      if (file === undefined) return whole.subarray(start, start + length);
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await file.read(bytes, at, length - at, start + at);
        if (bytesRead === 0)
          throw fail('file-failed', { file: tmpdir(), doing: 'Reading', reason: 'a temporary file was cut off' });
        at += bytesRead;
      }
      return bytes;
    },
    release,
  };
}

/** A file without a name: it is gone when it is closed, also after a crash. */
async function temporary(): Promise<FileHandle> {
  const path = join(tmpdir(), `stratus-blob-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path).catch(() => undefined); // where open files cannot be removed, the system clears up
  return file;
}
