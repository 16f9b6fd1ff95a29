import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fail } from '@stratus/core';
import { membersOf } from './archive.ts';
import { checkedBytes } from './check-sum.ts';
import type { DataFile, Forms, LookupOptions } from './data-file.ts';
import { type Located, locate } from './lookup.ts';

/** The content of a file that was found, checked against its SHA-256. */
export interface FoundFile {
  readonly bytes: Uint8Array;
  /** The file, or the address that it came from when it could not be kept. */
  readonly path: string;
}

/** zlib has threads of its own. */
const decompress = promisify(gunzip);

async function plainBytes(found: Located, signal: AbortSignal | undefined): Promise<FoundFile> {
  const { path } = found;
  const bytes = await checkedBytes(found, signal);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { bytes, path };
  try {
    return { bytes: await decompress(bytes), path };
  } catch (e) {
    throw fail('corrupt', { file: path, reason: `gzip says '${(e as Error).message}'`, fix: 'Get the file again.' }, e);
  }
}

/** Files in archives, of which each is read once. */
async function fromArchives(found: readonly Located[], signal: AbortSignal | undefined): Promise<Map<Located, FoundFile>> {
  const read = new Map<Located, FoundFile>();
  for (const path of new Set(found.map((one) => one.path))) {
    const own = found.filter((one) => one.path === path);
    const members = await membersOf(own[0]!, (name) => own.some(({ wanted }) => wanted.member === name), signal);
    for (const one of own) {
      const bytes = members.get(one.wanted.member!);
      if (!bytes) throw fail('corrupt', { file: path, reason: `it holds no ${one.wanted.member}`, fix: 'Get the file again.' });
      read.set(one, { bytes, path: `${path}, ${one.wanted.member}` });
    }
  }
  return read;
}

/** The contents of a data set's files, decompressed off the main thread. Files that lie in one archive are read in one go. */
export async function readAllData(files: readonly Forms[], options: LookupOptions): Promise<FoundFile[]> {
  const { signal } = options;
  const found: Located[] = [];
  // One after the other: what the first needs may hold the second too.
  for (const forms of files) {
    const had = found.find(({ wanted, bytes }) => bytes && forms.some(({ file }) => file === wanted.file));
    const wanted = had && forms.find(({ file }) => file === had.wanted.file);
    found.push(wanted ? { ...had, wanted } : await locate(forms, options));
  }
  const archived = await fromArchives(
    found.filter(({ wanted }) => wanted.member !== undefined),
    signal,
  );
  return Promise.all(found.map((one) => archived.get(one) ?? plainBytes(one, signal)));
}

/** The content of a data set's file, decompressed off the main thread where it is gzip. */
export async function readData(forms: DataFile | Forms, options: LookupOptions): Promise<FoundFile> {
  const [found] = await readAllData(['file' in forms ? [forms] : forms], options);
  return found!;
}

/** The same content in two forms: `<file>.gz` as it is in STRATUS_DATA, and the plain file as it comes out of the publisher's archive. */
export const withPlain = (
  compressed: Omit<DataFile, 'urls'>,
  { bytes, sha256, urls = [] }: { readonly bytes: number; readonly sha256: string; readonly urls?: readonly string[] },
): readonly [DataFile, DataFile] => [
  { ...compressed, urls: [] },
  { ...compressed, file: compressed.file.replace(/\.gz$/, ''), bytes, sha256, urls },
];
