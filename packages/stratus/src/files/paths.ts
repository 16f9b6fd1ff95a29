import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fail } from '@stratus/core';

/** A file, a pattern such as `data/*.csv`, or several of them. */
export type Paths = string | readonly string[];

/** The files behind names and patterns: those of a pattern in alphabetical order. Errors: `file-not-found`, `file-failed`, `bad-value`. */
export async function filesOf(paths: Paths): Promise<readonly string[]> {
  const wanted = typeof paths === 'string' ? [paths] : paths;
  if (wanted.length === 0) throw fail('bad-value', { what: 'paths', got: 'an empty list', want: 'at least one file or pattern' });
  const found: string[] = [];
  for (const path of wanted) {
    // A file may have brackets in its name: what is there as it stands is no pattern.
    const there = await stat(path).catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT' || e.code === 'ENOTDIR') return undefined;
      throw fail('file-failed', { file: path, doing: 'Reading', reason: e.message }, e);
    });
    if (there?.isDirectory())
      throw fail('bad-value', { what: path, got: 'a folder', want: 'a file, or a pattern', fix: `Write '${path}/*'.` });
    if (there) {
      found.push(path);
      continue;
    }
    const { glob, isDynamicPattern } = await import('tinyglobby');
    const matches = isDynamicPattern(path)
      ? await glob(path.replaceAll('\\', '/'), { absolute: true, expandDirectories: false })
      : [];
    if (matches.length === 0) throw fail('file-not-found', { file: path, looked: [resolve(path)] });
    found.push(...matches.sort());
  }
  return found;
}

/** A whole file. Errors: `file-not-found`, `file-failed`. */
export async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw fail('file-not-found', { file }, e);
    throw fail('file-failed', { file, doing: 'Reading', reason: message }, e);
  }
}

/** What tells whether a file is still the one that was opened. */
export const stampOf = async (file: string): Promise<string> => {
  const { size, mtimeMs, ino } = await stat(file);
  return `${size} ${mtimeMs} ${ino}`;
};

/** Errors: `corrupt` when files are other ones than before, or gone. */
export async function checkUnchanged(stamps: ReadonlyMap<string, string>): Promise<void> {
  for (const [file, before] of stamps) {
    const now = await stampOf(file).catch(() => undefined);
    if (now !== before)
      throw fail('corrupt', {
        file,
        reason: now === undefined ? 'it vanished while it was read' : 'it was changed while it was read',
        fix: 'Read it again when nothing writes to it.',
      });
  }
}
