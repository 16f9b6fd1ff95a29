import { GetObjectCommand } from '@aws-sdk/client-s3';
import { fail, type StratusError } from '@stratus/core';
import type { Blobs } from './blobs.ts';
import { Hashing, hexOf } from './digest.ts';
import type { S3Address } from './s3-address.ts';
import { isMissing, s3Error, s3Server } from './s3-client.ts';
import { hexIn, s3Places } from './s3-places.ts';
import { sweepS3, takeBack } from './s3-sweep.ts';
import { upload } from './s3-upload.ts';
import { spool } from './spool.ts';

/** How a server of S3 is used. */
export interface S3Options {
  /** How long the server or the way to it may fail, in milliseconds, at each request; a minute. */
  readonly patienceMs?: number;
  /** Blobs larger than this go in parts of this size; 16 MiB. At least 5 MiB, as servers ask for. */
  readonly partBytes?: number;
}

const reading = 'Reading from';

/** Blobs on a server of S3; see `openBlobs`. What is written is kept under its digest: an upload that was cut off leaves nothing there. */
export function s3Blobs(address: S3Address, { patienceMs = 60_000, partBytes = 16 * 2 ** 20 }: S3Options = {}): Blobs {
  const server = s3Server(address, patienceMs);
  const places = s3Places(server);
  const { client, request } = server;
  const { bucket: Bucket, shown } = address;
  const missing = (digest: string): StratusError => fail('file-not-found', { file: `The blob ${digest}`, looked: [shown] });

  const statOf = async (hex: string): Promise<number | undefined> => {
    const found = await places.head(reading, places.blob(hex));
    if (found !== undefined) return found.bytes;
    return (await takeBack(places, hex)) ? (await places.head(reading, places.blob(hex)))?.bytes : undefined;
  };

  /** The bytes from a place on; a connection that breaks is opened again where it broke. */
  async function* bytesOf(hex: string): AsyncGenerator<Uint8Array> {
    const total = await statOf(hex);
    if (total === undefined) throw missing(`sha256:${hex}`);
    let at = 0;
    while (at < total) {
      const Range = `bytes=${at}-`;
      // The first piece belongs to the request: a server that sends a head and then nothing is asked again, until patience ends.
      const { first, rest } = await request(reading, async () => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: places.blob(hex), ...(at > 0 && { Range }) }));
        const pieces = (Body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
        const next = await pieces.next();
        if (next.done) throw Object.assign(new Error('the server sent nothing'), { code: 'ECONNRESET' });
        return { first: next.value, rest: pieces };
      });
      let piece: Uint8Array | undefined = first;
      while (piece !== undefined) {
        at += piece.length;
        yield piece;
        try {
          const next = await rest.next();
          piece = next.done ? undefined : next.value;
        } catch {
          piece = undefined; // asked for again, from here on
        }
      }
    }
  }

  async function* stream(digest: string): AsyncGenerator<Uint8Array> {
    const hashing = new Hashing();
    try {
      for await (const piece of bytesOf(hexOf(digest))) {
        hashing.add(piece);
        yield piece;
      }
    } catch (e) {
      throw isMissing(e) ? missing(digest) : s3Error(reading, address, e);
    }
    const got = hashing.digest();
    if (got !== digest)
      throw fail('corrupt', {
        file: `The blob ${digest} in ${shown}`,
        reason: `its bytes are those of ${got}`,
        fix: 'Restore it from a copy, or put it again: the damaged object is replaced.',
      });
  }

  return {
    address: shown,

    async put(source, { expect, signal } = {}) {
      if (expect !== undefined) hexOf(expect);
      const writing = 'Writing a blob to';
      try {
        const whole = await spool(source, partBytes, signal);
        try {
          const { digest } = whole.blob;
          if (expect !== undefined && expect !== digest)
            throw fail('corrupt', {
              file: 'What was to be put',
              reason: `it is ${digest} and not ${expect}`,
              fix: 'Send it again.',
            });
          await upload(server, places.blob(hexOf(digest)), whole, partBytes, signal);
          return whole.blob;
        } finally {
          await whole.release();
        }
      } catch (e) {
        throw s3Error(writing, address, e);
      }
    },

    async stat(digest) {
      const hex = hexOf(digest);
      try {
        const bytes = await statOf(hex);
        return bytes === undefined ? undefined : { digest, bytes };
      } catch (e) {
        throw s3Error(reading, address, e);
      }
    },

    async read(digest) {
      const pieces: Uint8Array[] = [];
      for await (const piece of stream(digest)) pieces.push(piece);
      return new Uint8Array(Buffer.concat(pieces));
    },

    stream,

    async list() {
      try {
        const found = new Set<string>();
        for (const prefix of [places.allBlobs, places.allAsides])
          for await (const { key } of places.list(reading, prefix)) found.add(`sha256:${hexIn(key, prefix)}`);
        return [...found].sort();
      } catch (e) {
        throw s3Error(reading, address, e);
      }
    },

    async sweep(options) {
      try {
        return await sweepS3(server, places, options);
      } catch (e) {
        throw s3Error('Clearing up', address, e);
      }
    },
  };
}
