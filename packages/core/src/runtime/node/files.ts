import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fail, StratusError } from '../../errors.ts';
import type { Files } from '../files.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it exists already',
  ENOTEMPTY: 'it exists already',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
};

const codeOf = (e: unknown): string | undefined => (e as NodeJS.ErrnoException | null)?.code;

/** An error of the file system as one of ours. */
function fileError(doing: string, file: string, e: unknown): StratusError {
  if (StratusError.is(e)) return e;
  const code = codeOf(e);
  const absolute = resolve(file);
  if (code === 'ENOENT') return fail('file-not-found', { file: absolute }, e);
  return fail('file-failed', { doing, file: absolute, reason: reasons[code ?? ''] ?? (e as Error).message }, e);
}

const attempt = async <T>(doing: string, file: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (e) {
    throw fileError(doing, file, e);
  }
};

/** Makes what was done in a folder survive a power cut. Windows and some network drives cannot, and need not. */
async function syncFolder(dir: string): Promise<void> {
  try {
    const handle = await open(dir, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (e) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF'].includes(codeOf(e) ?? '')) throw e;
  }
}

/** Writes and syncs a file that is not there yet. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name beside `path` that nobody else uses, also after a crash. */
const temporaryBeside = (path: string): string => `${path}.${randomUUID().slice(0, 8)}.tmp`;

/** Does `work` on a temporary name and renames it to `path`; whatever goes wrong, the temporary is removed. */
async function replace(path: string, work: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await work(temporary);
    await rename(temporary, path);
  } catch (e) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {}); // the first error is the one to report
    throw e;
  }
  await syncFolder(dirname(resolve(path)));
}

/** Not as a Buffer, whose slice() shares memory. */
const readWhole = async (path: string): Promise<Uint8Array> => {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Uint8Array(buffer, byteOffset, byteLength);
};

/** The file system of Node. */
export const files: Files = {
  read: (path) => attempt('Reading', path, () => readWhole(path)),

  async readIfThere(path) {
    try {
      return await readWhole(path);
    } catch (e) {
      if (codeOf(e) === 'ENOENT') return undefined;
      throw fileError('Reading', path, e);
    }
  },

  write: (path, bytes) =>
    attempt('Writing', path, async () => {
      await mkdir(dirname(resolve(path)), { recursive: true });
      await replace(path, (temporary) => writeNew(temporary, bytes));
    }),

  writeFolder: (dir, parts) =>
    attempt('Writing', dir, async () => {
      await mkdir(dirname(resolve(dir)), { recursive: true });
      const there = await readdir(dir).catch((e: unknown) => {
        if (codeOf(e) !== 'ENOENT') throw e;
      });
      if (there) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' }); // rename would replace an empty one
      await replace(dir, async (temporary) => {
        const folders = new Set([temporary]);
        await mkdir(temporary);
        for (const [name, bytes] of Object.entries(parts)) {
          const path = join(temporary, name);
          await mkdir(dirname(path), { recursive: true });
          folders.add(dirname(path));
          await writeNew(path, bytes);
        }
        for (const folder of folders) await syncFolder(folder);
      });
    }),

  append: (path, bytes) =>
    attempt('Writing', path, async () => {
      await mkdir(dirname(resolve(path)), { recursive: true });
      const handle = await open(path, 'a');
      try {
        const { size } = await handle.stat();
        await handle.writeFile(bytes).catch(async (e: unknown) => {
          await handle.truncate(size).catch(() => {}); // no half lines; the first error is the one to report
          throw e;
        });
      } finally {
        await handle.close();
      }
    }),

  async list(dir) {
    try {
      return (await readdir(dir)).sort();
    } catch (e) {
      if (codeOf(e) === 'ENOENT') return [];
      throw fileError('Listing', dir, e);
    }
  },

  remove: (path) => attempt('Removing', path, () => rm(path, { recursive: true, force: true })),

  join: (...parts) => join(...parts),
};
