import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fail } from '@stratus/core';
import { isArchive, modelName, staysInside } from './model-files.ts';
import { tarOf, tarStart, untar } from './tar.ts';

/** The stream again, with its first piece looked at. */
export async function peeked(stream: AsyncIterable<Uint8Array>): Promise<{ first: Uint8Array; all: AsyncIterable<Uint8Array> }> {
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
    try {
      yield* seen;
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
    } finally {
      await pieces.return?.(); // who goes before the end leaves nothing open
    }
  };
  return { first: Buffer.concat(seen), all: all() };
}

/** Errors: `corrupt` for what is no file within an archive. */
export function checkEntry(what: string, { name, type }: { readonly name: string; readonly type?: string }): void {
  if (type === 'file' && staysInside(name)) return;
  throw fail('corrupt', {
    file: what,
    reason: `it holds '${name}', which is no file within it`,
    fix: 'Get it again from where it came.',
  });
}

/** Unpacks an archive into a folder, piece by piece. Gives the names of the files. Errors: `corrupt`; those of the stream. */
async function unpackInto(stream: AsyncIterable<Uint8Array>, folder: string, what: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { header, body } of untar(stream)) {
    checkEntry(what, header);
    const path = join(folder, header.name);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(body, createWriteStream(path, { flags: 'wx' }));
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

/** Writes an archive of what is known of a version and of the files of its model: each byte is read once and written once. The stream verifies itself at its end. */
export async function writeTar(
  stream: AsyncIterable<Uint8Array>,
  bytes: number,
  about: { readonly name: string; readonly text: string },
  file: string,
): Promise<void> {
  const { first, all } = await peeked(stream);
  const body = new TextEncoder().encode(about.text);
  const packed = isArchive(first)
    ? async function* () {
        yield await tarStart(about.name, body);
        yield* all; // files behind files are an archive
      }
    : () =>
        tarOf([
          { name: about.name, bytes: body.length, pieces: [body] },
          { name: modelName, bytes, pieces: all },
        ]);
  await pipeline(packed, createWriteStream(file, { flags: 'wx' }));
}
