import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fail } from '@stratus/core';
import { type DataFile, type FoundFile, findDataFile, type LookupOptions } from './lookup.ts';

/** zlib has threads of its own. */
const decompress = promisify(gunzip);

/** The content of a data set's file, decompressed off the main thread where it is gzip. */
export async function readData(forms: DataFile | readonly [DataFile, ...DataFile[]], options: LookupOptions): Promise<FoundFile> {
  const { bytes, path } = await findDataFile(forms, options);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { bytes, path };
  try {
    return { bytes: await decompress(bytes), path };
  } catch (e) {
    throw fail('corrupt', { file: path, reason: `gzip says '${(e as Error).message}'`, fix: 'Get the file again.' }, e);
  }
}

/** The same content in two forms: `<file>.gz` as it is in STRATUS_DATA, and the plain file as it comes out of the publisher's archive. */
export const withPlain = (
  compressed: Omit<DataFile, 'urls'>,
  { bytes, sha256, urls = [] }: { readonly bytes: number; readonly sha256: string; readonly urls?: readonly string[] },
): readonly [DataFile, DataFile] => [
  { ...compressed, urls: [] },
  { ...compressed, file: compressed.file.replace(/\.gz$/, ''), bytes, sha256, urls },
];
