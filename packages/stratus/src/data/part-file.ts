// What has come of a download so far. It lies beside the place where the whole file will be, under a name that says what it is a part of and who writes it.
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fail } from '@stratus/core';
import { isThere } from '../processes/index.ts';

/** The beginning of a file, to which the rest is added. */
export interface Part {
  /** How many bytes there are. */
  readonly length: number;
  /** What the server called the version that these bytes are of: its ETag, or when it was changed. */
  readonly version: string | undefined;
  append(bytes: Uint8Array): Promise<void>;
  /** Begins again, with another version. */
  restart(version: string | undefined): Promise<void>;
  /** SHA-256 of what is there. */
  digest(): string;
  /** Leaves it for whoever goes on later. */
  leave(): Promise<void>;
  discard(): Promise<void>;
  /** Gives it its name. The bytes, where it is no file. */
  finish(): Promise<Uint8Array | undefined>;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
const sha256 = (): Hash => createHash('sha256');

/** Nobody writes to a part for so long: whoever did has gone, whatever its name says. */
const oldMs = 24 * 3600_000;

/** Where there is no right to write, a download still works. A full disk is told. */
const notWritable = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'];

/** The names that parts of one download have. */
interface Names {
  readonly folder: string;
  readonly start: string;
  /** One that nobody writes to. */
  readonly free: string;
}
const host = shortHash(hostname());

function namesOf(path: string, of: string): Names {
  const start = `${basename(path)}.${shortHash(of)}`;
  return { folder: dirname(path), start, free: join(dirname(path), `${start}.part`) };
}

/** Parts that nobody writes to: one that was left, and those of processes that were killed. */
async function freeParts({ folder, start, free }: Names): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${start}.`) || !name.endsWith('.part')) continue;
    const path = join(folder, name);
    const [owner, pid] = name.slice(start.length + 1).split('-');
    const isOrphan = owner === host && !isThere(Number(pid));
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (path === free || isOrphan || age > oldMs) found.push(path);
  }
  return found;
}

const tagOf = (part: string): string => `${part}.tag`;

/** Takes over what somebody has left. Renaming works for one only, whoever else tries. */
async function takeOver(names: Names, own: string): Promise<void> {
  for (const part of await freeParts(names)) {
    try {
      await rename(part, own);
    } catch {
      continue;
    }
    await rename(tagOf(part), tagOf(own)).catch(() => undefined);
    return;
  }
}

async function removePart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(tagOf(part), { force: true });
}

const writing = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    const reason = code === 'ENOSPC' ? 'there is no space left on the disk' : message;
    throw fail('file-failed', { file: path, doing: 'Writing', reason }, e);
  }
};

/** A part in memory, where nothing can be kept. */
function inMemory(): Part {
  let chunks: Uint8Array[] = [];
  let [length, version] = [0, undefined as string | undefined];
  const clear = async (): Promise<void> => {
    [chunks, length] = [[], 0];
  };
  return {
    get length() {
      return length;
    },
    get version() {
      return version;
    },
    async append(bytes) {
      chunks.push(bytes);
      length += bytes.length;
    },
    async restart(of) {
      await clear();
      version = of;
    },
    digest() {
      const hash = sha256();
      for (const chunk of chunks) hash.update(chunk);
      return hash.digest('hex');
    },
    leave: clear,
    discard: clear,
    finish: async () => Buffer.concat(chunks),
  };
}

/** A part on disk, hashed as it grows. */
function onDisk(
  path: string,
  {
    names,
    own,
    handle,
    ...begun
  }: { names: Names; own: string; handle: FileHandle; hash: Hash; length: number; version: string | undefined },
): Part {
  let { hash, length, version } = begun;
  const discard = async (): Promise<void> => {
    await handle.close().catch(() => undefined);
    await removePart(own);
  };
  return {
    get length() {
      return length;
    },
    get version() {
      return version;
    },
    append: (bytes) =>
      writing(path, async () => {
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, length + at)).bytesWritten;
        hash.update(bytes);
        length += bytes.length;
      }),
    restart: (of) =>
      writing(path, async () => {
        if (length > 0) await handle.truncate();
        [hash, length, version] = [sha256(), 0, of];
        if (of === undefined) await rm(tagOf(own), { force: true });
        else await writeFile(tagOf(own), of);
      }),
    digest: () => hash.copy().digest('hex'),
    async leave() {
      await handle.close();
      const { size: there } = await stat(names.free).catch(() => ({ size: 0 }));
      if (length <= there) return removePart(own);
      await rm(tagOf(names.free), { force: true });
      await rename(own, names.free);
      await rename(tagOf(own), tagOf(names.free)).catch(() => undefined);
    },
    discard,
    finish: () =>
      writing(path, async () => {
        await handle.sync();
        await handle.close();
        await rename(own, path);
        await rm(tagOf(own), { force: true });
        for (const left of await freeParts(names).catch(() => [])) await removePart(left);
        return undefined;
      }),
  };
}

/** Reads what is there, as far as it can be a part of the file. */
async function hashOf(part: string): Promise<{ hash: Hash; length: number }> {
  const hash = sha256();
  let length = 0;
  for await (const bytes of createReadStream(part, { highWaterMark: 2 ** 20 }) as AsyncIterable<Uint8Array>) {
    hash.update(bytes);
    length += bytes.length;
  }
  return { hash, length };
}

/**
 * The part of the file at `path` that goes on where an earlier one was left, also by a process that was killed. `of` says what it is a part of.
 * No two processes, and no two calls, write to the same. In memory where the folder cannot be written. Errors: `file-failed`.
 */
export async function openPart(path: string, of: string): Promise<Part> {
  const names = namesOf(path, of);
  const own = join(names.folder, `${names.start}.${host}-${process.pid}-${randomUUID()}.part`);
  try {
    await mkdir(names.folder, { recursive: true });
    await takeOver(names, own);
    const handle = await open(own, 'a').then(async (made) => {
      await made.close();
      return open(own, 'r+');
    });
    const version = await readFile(tagOf(own), 'utf8').catch(() => undefined);
    return onDisk(path, { names, own, handle, version, ...(await hashOf(own)) });
  } catch (e) {
    if (notWritable.includes((e as NodeJS.ErrnoException).code ?? '')) return inMemory();
    await removePart(own).catch(() => undefined);
    return writing(path, () => Promise.reject(e as Error));
  }
}
