import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fail } from '@stratus/core';
import { isArchive, modelName, staysInside } from './model-files.ts';

/** The stream again, with its first piece looked at. */
async function peeked(stream: AsyncIterable<Uint8Array>): Promise<{ first: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const pieces = stream[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < 512) {
    const next = await pieces.next();
    if (next.done) break;
    seen.push(next.value);
    length += next.value.length;
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield* seen;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  };
  return { first: Buffer.concat(seen), all: all() };
}

/** Unpacks a tar into a folder, piece by piece. Gives the names of the files. Errors: `corrupt`; those of the stream. */
export async function unpackInto(stream: AsyncIterable<Uint8Array>, folder: string, what: string): Promise<string[]> {
  const { createTarDecoder } = await import('modern-tar');
  const entries = (
    Readable.toWeb(Readable.from(stream, { objectMode: false })) as unknown as ReadableStream<Uint8Array>
  ).pipeThrough(createTarDecoder({ strict: true }));
  const names: string[] = [];
  for await (const { header, body } of entries as unknown as AsyncIterable<{
    header: { name: string; type?: string };
    body: ReadableStream<Uint8Array>;
  }>) {
    if (header.type !== 'file' || !staysInside(header.name))
      throw fail('corrupt', {
        file: what,
        reason: `it holds '${header.name}', which is no file within it`,
        fix: 'Get it again from where it came.',
      });
    const path = join(folder, header.name);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(Readable.fromWeb(body as never), createWriteStream(path, { flags: 'wx' }));
    names.push(header.name);
  }
  return names;
}

/** Writes the files of a model, as they were registered, into a folder; the first one is the model. The stream verifies itself at its end. */
export async function writeBlob(stream: AsyncIterable<Uint8Array>, folder: string, what: string): Promise<string[]> {
  const { first, all } = await peeked(stream);
  if (isArchive(first)) return await unpackInto(all, folder, what);
  await pipeline(all, createWriteStream(join(folder, modelName), { flags: 'wx' }));
  return [modelName];
}
