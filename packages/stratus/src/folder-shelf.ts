import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, files } from '@stratus/core';
import type { Shelf, ShelvedModel } from './serve/index.ts';

/** A version is a folder with a number, as Triton and TensorFlow Serving have it. */
const isVersion = (name: string): boolean => /^(0|[1-9]\d{0,15})$/.test(name);

/** `NAME.onnx`, for a name that can be asked for. */
const modelFile = /^([^.@][^@]*)\.onnx$/;

interface Found {
  readonly path: string;
  readonly stamp: string;
}

/** Changes when a file is written anew. */
const stampOf = async (path: string): Promise<string | undefined> => {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}-${size}-${ino}`;
  } catch {
    return undefined; // it went just now
  }
};

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return []; // it went just now
  }
}

/** The model of a version's folder: `model.onnx`, or the only one that is there. */
async function inFolder(folder: string): Promise<Found | undefined> {
  const names = (await entriesOf(folder)).map(({ name }) => name).filter((name) => name.endsWith('.onnx'));
  const name = names.includes('model.onnx') ? 'model.onnx' : names.length === 1 ? names[0]! : undefined;
  if (name === undefined) return undefined;
  const path = join(folder, name);
  const stamp = await stampOf(path);
  return stamp === undefined ? undefined : { path, stamp };
}

/** The versions of `NAME/`: its folders with numbers, or the model that lies in it, as version 1. */
async function versionsIn(folder: string): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  const numbers = (await entriesOf(folder)).map(({ name }) => name).filter(isVersion);
  for (const number of numbers.sort((a, b) => Number(a) - Number(b))) {
    const model = await inFolder(join(folder, number));
    if (model) found.set(number, model);
  }
  const flat = found.size === 0 ? await inFolder(folder) : undefined;
  if (flat) found.set('1', flat);
  return found;
}

/**
 * The models of a folder: `NAME.onnx`, or `NAME/VERSION/model.onnx` with several versions, as Triton and TensorFlow Serving have it; the highest number is the standard
 * version. What is written anew is loaded anew. Errors: `file-not-found` where there is no such folder.
 */
export async function folderShelf(folder: string): Promise<Shelf> {
  const isFolder = await stat(folder).then(
    (about) => about.isDirectory(),
    () => false,
  );
  if (!isFolder) throw fail('file-not-found', { file: folder });
  let paths = new Map<string, string>();
  return {
    async list() {
      const now = new Map<string, string>();
      const models: ShelvedModel[] = [];
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        const [, file] = modelFile.exec(entry.name) ?? [];
        const stamp = file === undefined ? undefined : await stampOf(path);
        const name = file ?? entry.name;
        if (file === undefined && /^\.|@/.test(name)) continue;
        const versions = stamp === undefined ? await versionsIn(path) : new Map([['1', { path, stamp }]]);
        const wanted = [...versions.keys()].at(-1);
        if (wanted === undefined || models.some((model) => model.name === name)) continue;
        for (const [version, found] of versions) now.set(`${name}/${version}`, found.path);
        const stamps = Object.fromEntries([...versions].map(([version, found]) => [version, found.stamp]));
        models.push({ name, versions: [...versions.keys()], wanted, aliases: {}, stamps });
      }
      paths = now;
      return models;
    },
    async read(name, version) {
      const path = paths.get(`${name}/${version}`);
      if (path === undefined) throw fail('model-not-found', { name: `${name}, version ${version}`, known: [...paths.keys()] });
      return await files.read(path);
    },
  };
}
