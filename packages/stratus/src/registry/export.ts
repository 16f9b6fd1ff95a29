import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fail, StratusError } from '@stratus/core';
import type { Blobs } from '../blobs/index.ts';
import type { VersionInfo } from '../store/index.ts';
import { writeBlob, writeTar } from './write-blob.ts';

/** The name of what is known of a version, among the files of an export. */
export const aboutName = 'version.json';
/** Raised when a reader of today would misread the export of tomorrow. */
export const exportFormat = 1;

/** What an export says of the version. */
export const aboutOf = ({ aliases: _, ...version }: VersionInfo): string =>
  `${JSON.stringify({ format: exportFormat, ...version }, undefined, 2)}\n`;

/**
 * Writes a version: to `FILE.onnx` the model alone (files that it names for large tensors lie beside it), to `FILE.tar` or a new folder the model and `version.json`. Everything is written under
 * another name and verified before it takes its place.
 */
export async function exportVersion(blobs: Blobs, version: VersionInfo, path: string): Promise<readonly string[]> {
  const to = resolve(path);
  const work = join(dirname(to), `.${basename(to)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    await mkdir(work, { recursive: true });
    if (to.endsWith('.tar')) {
      const archive = join(work, 'archive.tar');
      await writeTar(blobs.stream(version.digest), version.bytes, { name: aboutName, text: aboutOf(version) }, archive);
      await rename(archive, to);
      return [to];
    }
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
