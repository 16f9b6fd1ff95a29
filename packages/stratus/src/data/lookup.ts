import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from '@stratus/core';

/** One file of a data set, as its publisher offers it. */
export interface DataFile {
  /** The data set, which is also the folder's name: 'mnist'. */
  readonly dataset: string;
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the file as it is offered, in lower-case hexadecimal. */
  readonly sha256: string;
  /** The same content as others have compressed it. */
  readonly alsoSha256?: readonly string[] | undefined;
  /** Where it can be had, tried in order. */
  readonly urls: readonly string[];
  /** Where all files of the data set can be had: who has to get one by hand needs the others too. */
  readonly together?: readonly string[] | undefined;
  /** Folders besides the usual ones that may hold it: a Linux distribution's. */
  readonly folders?: readonly string[] | undefined;
  /** How to get it where no address offers this very file: 'download … and unpack it'. */
  readonly byHand?: string | undefined;
}

/** How a data set is looked up. */
export interface LookupOptions {
  readonly signal?: AbortSignal | undefined;
  /** The folder that holds the files. When given, nothing else is looked at and nothing is downloaded. */
  readonly directory?: string | undefined;
}

/** A file that was found, checked against its SHA-256. */
export interface FoundFile {
  readonly bytes: Uint8Array;
  /** The file, or the address that it came from when it could not be kept. */
  readonly path: string;
}

/** `examples/data` of the checkout that this module runs in; undefined when it is installed as a package. */
function checkoutData(): string | undefined {
  const here = fileURLToPath(import.meta.url);
  if (/[\\/]node_modules[\\/]/.test(here)) return undefined;
  return resolve(dirname(here), '../../../../examples/data');
}

/** Where downloads are kept: `$XDG_CACHE_HOME/stratus` or `~/.cache/stratus`. */
export function cacheRoot(): string {
  const { XDG_CACHE_HOME: set } = process.env;
  // The XDG specification says to ignore relative paths.
  return join(set && isAbsolute(set) ? set : join(homedir(), '.cache'), 'stratus');
}

/** The folders to look in, in order, without repetition; the cache comes last. */
export function dataFolders({ dataset, folders = [] }: DataFile, { directory }: LookupOptions = {}): string[] {
  if (directory !== undefined) return [resolve(directory)];
  const { STRATUS_DATA } = process.env;
  const script = process.argv[1];
  const roots = [
    STRATUS_DATA ? resolve(STRATUS_DATA) : undefined,
    checkoutData(),
    script ? join(dirname(resolve(script)), 'data') : undefined,
    resolve('data'),
  ].filter((root) => root !== undefined);
  return [...new Set([...roots.map((root) => join(root, dataset)), ...folders, join(cacheRoot(), dataset)])];
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const reasonOf = (e: unknown): string => {
  const { message, cause } = e as Error;
  return cause instanceof Error && cause.message ? `${message}: ${cause.message}` : message;
};

/** The file at `path`, checked; undefined when there is none. */
async function readChecked(
  path: string,
  { sha256, alsoSha256 = [], bytes: size }: DataFile,
  signal: AbortSignal | undefined,
): Promise<FoundFile | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path, { signal });
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (signal?.aborted) throw fail('aborted', { what: `Reading ${path}` }, e);
    throw fail('file-failed', { file: path, doing: 'Reading', reason: reasonOf(e) }, e);
  }
  const got = hashOf(bytes);
  if (got === sha256 || alsoSha256.includes(got)) return { bytes, path };
  throw fail('corrupt', {
    file: path,
    reason: `it has ${bytes.length} bytes and the SHA-256 ${got}, expected ${size} bytes and ${sha256}`,
    fix: 'Delete it: it is then taken from the next place, or downloaded again.',
  });
}

/** The body of a response, at most `limit` bytes of it. */
async function bodyOf(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limit) throw new Error(`it sends more than the ${limit} bytes of this file`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Writes all or nothing: temporary name, sync, rename. */
async function keep(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (e) {
    await rm(temporary, { force: true });
    throw e;
  }
}

async function download(url: string, wanted: DataFile, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const response = await fetch(url, { signal: signal ?? null });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  const bytes = await bodyOf(response, wanted.bytes);
  const got = hashOf(bytes);
  if (got !== wanted.sha256)
    throw new Error(`it sent ${bytes.length} bytes with the SHA-256 ${got}, expected ${wanted.bytes} and ${wanted.sha256}`);
  return bytes;
}

/**
 * Finds a data set's file: in `$STRATUS_DATA/<dataset>`, in `examples/data/<dataset>` of the checkout, in `data/<dataset>` beside the
 * script and in the working directory, in the cache (`$XDG_CACHE_HOME/stratus` or `~/.cache/stratus`), and then on the web, from
 * where it goes into the cache. Whatever the place, the SHA-256 is checked; nothing that is not whole is used or kept. Of several
 * forms of the same content (compressed or not) the first that some place holds is taken, and only then one is downloaded.
 *
 * Shapes: none. Errors: `corrupt` for a file with another SHA-256; `data-not-found` with all places and how to get the file;
 * `file-failed` when a file cannot be read; `aborted`.
 */
export async function findDataFile(
  forms: DataFile | readonly [DataFile, ...DataFile[]],
  options: LookupOptions = {},
): Promise<FoundFile> {
  const { signal, directory } = options;
  const all: readonly DataFile[] = 'file' in forms ? [forms] : forms;
  const looked: string[] = [];
  for (const wanted of all) {
    const folders = dataFolders(wanted, options);
    for (const folder of folders) {
      const found = await readChecked(join(folder, wanted.file), wanted, signal);
      if (found) return found;
    }
    looked.push(...folders.filter((folder) => !looked.includes(folder)));
  }
  for (const wanted of directory === undefined ? all : []) {
    const found = await downloadOneOf(wanted, looked, signal);
    if (found) return found;
  }
  const { dataset } = all[0]!;
  throw fail('data-not-found', {
    dataset,
    file: all.map(({ file }) => file).join(' or '),
    looked,
    fix: remedy(all.find(({ urls }) => urls.length > 0) ?? all[0]!, directory),
  });
}

/** The file from the first address that has it; what fails is noted in `looked`. */
async function downloadOneOf(
  wanted: DataFile,
  looked: string[],
  signal: AbortSignal | undefined,
): Promise<FoundFile | undefined> {
  const { dataset, file, urls } = wanted;
  const cached = join(cacheRoot(), dataset, file);
  for (const url of urls) {
    let bytes: Uint8Array;
    try {
      bytes = await download(url, wanted, signal);
    } catch (e) {
      if (signal?.aborted) throw fail('aborted', { what: `Downloading ${file} of ${dataset}` }, e);
      looked.push(`${url} (${reasonOf(e)})`);
      continue;
    }
    try {
      await keep(cached, bytes);
    } catch {
      // A cache that cannot be written (read-only, full) costs another download next time, no more.
      return { bytes, path: url };
    }
    return { bytes, path: cached };
  }
  return undefined;
}

function remedy({ dataset, file, urls, byHand, together = urls.slice(0, 1) }: DataFile, directory: string | undefined): string {
  if (directory !== undefined)
    return `Put it there (${byHand ?? `it can be had from ${urls[0] ?? 'its publisher'}`}), or leave out 'directory'.`;
  if (byHand !== undefined)
    return `To get it: ${byHand}. Put it into ${join(cacheRoot(), dataset)}, or set STRATUS_DATA to a folder that holds ${dataset}/${file}.`;
  const what = together.length > 1 ? 'these files' : 'the file';
  const where = `${join(cacheRoot(), dataset)}, or set STRATUS_DATA to a folder that holds ${dataset}/${file}`;
  return `Connect to the internet, or download ${what} elsewhere and put ${together.length > 1 ? 'them' : 'it'} into ${where}:\n  ${together.join('\n  ')}`;
}
