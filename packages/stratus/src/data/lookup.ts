import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, StratusError } from '@stratus/core';
import type { DataFile, Forms, LookupOptions } from './data-file.ts';
import { download } from './download.ts';

/** A file that is there, not yet checked. */
export interface Located {
  /** The form of the content that it is. */
  readonly wanted: DataFile;
  /** The file, or the address that it came from when it could not be kept. */
  readonly path: string;
  /** What came from there, when it could not be kept. */
  readonly bytes?: Uint8Array | undefined;
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
export function dataFolders(
  { dataset, folders = [] }: Pick<DataFile, 'dataset' | 'folders'>,
  { directory }: LookupOptions = {},
): string[] {
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

const reasonOf = (e: unknown): string => {
  const { message, cause } = e as Error;
  return cause instanceof Error && cause.message ? `${message}: ${cause.message}` : message;
};

/** Errors: `file-failed` for a file or folder that may not be looked at. */
async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)) !== undefined;
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw fail('file-failed', { file: path, doing: 'Reading', reason: reasonOf(e) }, e);
  }
}

/** The first form that one of its folders holds; nothing is downloaded. Errors: `file-failed`. */
export async function findHere(forms: Forms, options: LookupOptions = {}): Promise<Located | undefined> {
  for (const wanted of forms)
    for (const folder of dataFolders(wanted, options)) {
      const path = join(folder, wanted.file);
      if (await isThere(path)) return { wanted, path };
    }
  return undefined;
}

/**
 * Finds a data set's file: in `$STRATUS_DATA/<dataset>`, in `examples/data/<dataset>` of the checkout, in `data/<dataset>` beside the
 * script and in the working directory, in the cache (`$XDG_CACHE_HOME/stratus` or `~/.cache/stratus`), and then on the web, from
 * where it goes into the cache. Of several forms of the same content (compressed or not) the first that some place holds is taken, and
 * only then one is downloaded. Whoever reads it checks its SHA-256.
 *
 * Errors: `data-not-found` with all places and how to get the file; `file-failed` when a file cannot be read or the disk is full; `aborted`.
 */
export async function locate(forms: Forms, options: LookupOptions = {}): Promise<Located> {
  const { signal, directory } = options;
  const [{ dataset, file }] = forms;
  if (signal?.aborted) throw fail('aborted', { what: `Looking for ${file} of ${dataset}` }, signal.reason);
  const here = await findHere(forms, options);
  if (here) return here;
  const looked = [...new Set(forms.flatMap((wanted) => dataFolders(wanted, options)))];
  for (const wanted of directory === undefined ? forms : []) {
    const found = await downloadOneOf(wanted, looked, options);
    if (found) return found;
  }
  throw fail('data-not-found', {
    dataset,
    file: [...new Set(forms.map((form) => form.file))].join(' or '),
    looked,
    fix: remedy(forms.find(({ urls }) => urls.length > 0) ?? forms[0], directory),
  });
}

/** The file from the first address that has it; what fails is noted in `looked`. */
async function downloadOneOf(wanted: DataFile, looked: string[], options: LookupOptions): Promise<Located | undefined> {
  const path = join(cacheRoot(), wanted.dataset, wanted.file);
  for (const url of wanted.urls) {
    try {
      const bytes = await download(url, wanted, path, options);
      return bytes ? { wanted, path: url, bytes } : { wanted, path };
    } catch (e) {
      if (StratusError.is(e)) throw e;
      looked.push(`${url} (${reasonOf(e)})`);
    }
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
