import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { decodeModel, fail, files } from '@stratus/core';

/** A model as it lies on a disk: an ONNX file, and the files that it names for its large tensors. */
export interface ModelFiles {
  readonly model: Uint8Array;
  /** Names relative to the folder of the model, sorted. */
  readonly beside: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
}

/** The name of the model among the files of an archive. It is also how an archive begins, and no ONNX file begins so: 'm' is no field of a model. */
export const modelName = 'model.onnx';
const archiveStart = new TextEncoder().encode(`${modelName}\0`);

/** Whether a blob is a model together with files. */
export const isArchive = (bytes: Uint8Array): boolean => archiveStart.every((byte, i) => bytes[i] === byte);

/** Whether a blob is a model together with files, by its beginning alone. */
export async function beginsAsArchive(stream: AsyncIterable<Uint8Array>): Promise<boolean> {
  let first: Uint8Array = new Uint8Array();
  for await (const piece of stream) {
    first = Buffer.concat([first, piece]);
    if (first.length >= archiveStart.length) break;
  }
  return isArchive(first);
}

/** A name that stays within its folder. */
export const staysInside = (name: string): boolean =>
  name !== '' && !/^[\\/]|^[A-Za-z]:|(^|[\\/])\.{1,2}([\\/]|$)|\0|\\/.test(name);

/** The names of the files that a model takes large tensors from, sorted. Errors: `not-onnx`. */
export function namesBeside(model: Uint8Array, file: string): string[] {
  const tensors = decodeModel(model, { file }).graph?.initializer ?? [];
  const locations = tensors.flatMap(({ externalData = [] }) =>
    externalData.filter(({ key }) => key === 'location').map(({ value }) => value ?? ''),
  );
  const bad = locations.find((name) => !staysInside(name) || name === modelName);
  if (bad !== undefined) throw fail('not-onnx', { file, reason: `it names a file outside of its folder: '${bad}'` });
  return [...new Set(locations)].sort();
}

/** Reads a model and finds what belongs to it. Errors: `file-not-found`, `file-failed`, `not-onnx`. */
export async function readModelFiles(path: string): Promise<ModelFiles> {
  const model = await files.read(path);
  const beside = await Promise.all(
    namesBeside(model, path).map(async (name) => {
      const own = join(dirname(path), name);
      const bytes = await stat(own).then(
        ({ size }) => size,
        () => undefined,
      );
      if (bytes === undefined) throw fail('file-not-found', { file: `${own}, from which ${path} takes weights,` });
      return { name, path: own, bytes };
    }),
  );
  return { model, beside };
}

/** The bytes under which a model is kept: those of its file; with the files that belong to it, an archive (tar) of all, always the same one. */
export function blobSource({ model, beside }: ModelFiles): Uint8Array | AsyncIterable<Uint8Array> {
  return beside.length === 0 ? model : archiveOf({ model, beside });
}

async function* archiveOf({ model, beside }: ModelFiles): AsyncGenerator<Uint8Array> {
  const { createTarPacker } = await import('modern-tar');
  const { readable, controller } = createTarPacker();
  const header = { mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), uname: '', gname: '' };
  const pack = async (): Promise<void> => {
    const first = controller.add({ ...header, name: modelName, size: model.length }).getWriter();
    await first.write(model);
    await first.close();
    for (const { name, path, bytes } of beside) {
      const body = Readable.toWeb(createReadStream(path, { highWaterMark: 2 ** 20 })) as unknown as ReadableStream<Uint8Array>;
      await body.pipeTo(controller.add({ ...header, name, size: bytes }));
    }
    controller.finalize();
  };
  const packed = pack().catch((e: unknown) => controller.error(e)); // who reads gets it
  yield* readable as unknown as AsyncIterable<Uint8Array>;
  await packed;
}

/** What {@link blobSource} put together, in memory. Errors: `corrupt`. */
export async function unpacked(
  blob: Uint8Array,
  what: string,
): Promise<{ model: Uint8Array; beside: Record<string, Uint8Array> }> {
  if (!isArchive(blob)) return { model: blob, beside: {} };
  const { unpackTar } = await import('modern-tar');
  const entries = await unpackTar(blob).catch((e: unknown) => {
    throw fail('corrupt', { file: what, reason: (e as Error).message, fix: 'Register it again.' }, e);
  });
  const [model, ...others] = entries.map(({ header, data = new Uint8Array() }) => [header.name, data] as const);
  return { model: model![1], beside: Object.fromEntries(others) };
}
