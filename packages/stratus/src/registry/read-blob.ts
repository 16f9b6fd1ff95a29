import { fail, StratusError } from '@stratus/core';
import type { Blobs } from '../blobs/index.ts';
import type { VersionInfo } from '../store/index.ts';
import { isArchive, modelName } from './model-files.ts';
import { untar } from './tar.ts';
import { peeked } from './write-blob.ts';

/** A model in memory. */
interface ModelInMemory {
  readonly model: Uint8Array;
  /** The files that belong to it, by their names. */
  readonly beside: Readonly<Record<string, Uint8Array>>;
}

/** Room for a file that is as long as somebody says. Errors: `bad-value` for what no array can hold. */
function roomFor(bytes: number, name: string, what: string): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (e) {
    const got = `the file ${name} of ${(bytes / 2 ** 30).toFixed(1)} GiB`;
    const fix = 'Write the version to a folder instead, with export, and read it from there.';
    throw fail('bad-value', { what, got, want: 'files that fit into memory, one array each', fix }, e);
  }
}

/** Takes the pieces into room that is made for them: what is more than that is left to whoever checks the sum. */
async function fill(room: Uint8Array, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let at = 0;
  for await (const piece of pieces) {
    if (at + piece.length <= room.length) room.set(piece, at);
    at += piece.length;
  }
  return at;
}

/**
 * The files of a version, each read into its own place: memory holds them once. With `only: 'model'` those beside it pass by, and are verified with it. Errors: `corrupt`, which names the blob;
 * `file-not-found`; `bad-value` for a file that no array can hold.
 */
export async function readBlob(
  blobs: Blobs,
  { digest, bytes }: Pick<VersionInfo, 'digest' | 'bytes'>,
  only?: 'model',
): Promise<ModelInMemory> {
  const what = `The blob ${digest}`;
  const corrupt = (reason: string, cause?: unknown): StratusError =>
    fail('corrupt', { file: what, reason, fix: 'Register it again.' }, cause);
  const { first, all } = await peeked(blobs.stream(digest));
  if (!isArchive(first)) {
    const model = roomFor(bytes, modelName, what);
    const found = await fill(model, all);
    if (found !== bytes) throw corrupt(`it has ${found} bytes and not the ${bytes} that it was registered with`);
    return { model, beside: {} };
  }
  const found: Record<string, Uint8Array> = {};
  try {
    for await (const { header, body } of untar(all)) {
      if (only === 'model' && header.name !== modelName) {
        await body.cancel();
        continue;
      }
      const room = roomFor(header.size, header.name, what);
      await fill(room, body);
      found[header.name] = room;
    }
  } catch (e) {
    throw StratusError.is(e) ? e : corrupt((e as Error).message, e);
  }
  const { [modelName]: model, ...beside } = found;
  return { model: model!, beside };
}
