import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeModel, fail, files } from '@stratus/core';
import { tarOf } from './tar.ts';

/** A model as it lies on a disk: an ONNX file, and the files that it names for its large tensors. */
export interface ModelFiles {
  readonly model: Uint8Array;
  /** Sorted by their names. */
  readonly beside: readonly FileBeside[];
}

/** A file from which a model takes tensors. */
export interface FileBeside {
  /** Relative to the folder of the model. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Where it begins within `path`; 0. What lies in an archive is read from there. */
  readonly start?: number;
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
  if (beside.length === 0) return model;
  const pieces = ({ path, start = 0, bytes }: FileBeside): AsyncIterable<Uint8Array> =>
    bytes === 0 ? noPieces() : createReadStream(path, { start, end: start + bytes - 1, highWaterMark: 2 ** 20 });
  return tarOf([
    { name: modelName, bytes: model.length, pieces: [model] },
    ...beside.map((file) => ({ name: file.name, bytes: file.bytes, pieces: pieces(file) })),
  ]);
}

async function* noPieces(): AsyncGenerator<Uint8Array> {}
