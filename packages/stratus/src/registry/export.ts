import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fail, StratusError } from '@stratus/core';
import type { Blobs } from '../blobs/index.ts';
import type { VersionInfo } from '../store/index.ts';
import { writeBlob } from './write-blob.ts';

/** The name of what is known of a version, among the files of an export. */
export const aboutName = 'version.json';
/** Raised when a reader of today would misread the export of tomorrow. */
export const exportFormat = 1;

/** What an export says of the version. */
export const aboutOf = ({ aliases: _, ...version }: VersionInfo): string =>
  `${JSON.stringify({ format: exportFormat, ...version }, undefined, 2)}\n`;

async function packInto(folder: string, names: readonly string[], file: string): Promise<void> {
  const { createTarPacker } = await import('modern-tar');
  const { readable, controller } = createTarPacker();
  const pack = async (): Promise<void> => {
    for (const name of names) {
      const path = join(folder, name);
      const { size } = await stat(path);
      const body = Readable.toWeb(createReadStream(path, { highWaterMark: 2 ** 20 })) as unknown as ReadableStream<Uint8Array>;
      await body.pipeTo(controller.add({ name, size, mode: 0o644, mtime: new Date(0) }));
    }
    controller.finalize();
  };
  const packed = pack().catch((e: unknown) => controller.error(e));
  await pipeline(Readable.fromWeb(readable as never), createWriteStream(file, { flags: 'wx' }));
  await packed;
}

/**
 * Writes a version: to `FILE.onnx` the model alone (files that it names for large tensors lie beside it), to `FILE.tar` or a new folder the model and `version.json`. Everything is written under
 * another name and verified before it takes its place.
 */
export async function exportVersion(blobs: Blobs, version: VersionInfo, path: string): Promise<readonly string[]> {
  const to = resolve(path);
  const work = join(dirname(to), `.${basename(to)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    await mkdir(work, { recursive: true });
    const names = await writeBlob(blobs.stream(version.digest), work, `The blob ${version.digest}`);
    if (to.endsWith('.onnx')) {
      for (const name of names.slice(1)) {
        await mkdir(dirname(join(dirname(to), name)), { recursive: true });
        await rename(join(work, name), join(dirname(to), name));
      }
      await rename(join(work, names[0]!), to);
      return [to, ...names.slice(1).map((name) => join(dirname(to), name))];
    }
    await writeFile(join(work, aboutName), aboutOf(version));
    if (to.endsWith('.tar')) {
      const archive = join(work, 'archive.tar');
      await packInto(work, [aboutName, ...names], archive);
      await rename(archive, to);
      return [to];
    }
    const there = await readdir(to).catch(() => []);
    if (there.length > 0)
      throw fail('conflict', {
        what: `The folder ${to}`,
        reason: 'is not empty',
        fix: 'Give another one, or FILE.tar, or FILE.onnx.',
      });
    await rename(work, to);
    return [aboutName, ...names].map((name) => join(to, name));
  } catch (e) {
    throw StratusError.is(e) ? e : fail('file-failed', { file: to, doing: 'Writing', reason: (e as Error).message }, e);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
