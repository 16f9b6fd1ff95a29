// Which files of a data set are there, and whether they are what they must be.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, StratusError } from '@stratus/core';
import { checkFile } from './check-sum.ts';
import type { DataSetInfo, Forms, LookupOptions } from './data-file.ts';
import { cacheRoot, dataFolders, findHere, type Located, locate } from './lookup.ts';

/** A file of a data set, as it is on this machine. */
export interface FileStatus {
  readonly file: string;
  /** How many it must have. */
  readonly bytes: number;
  /** Where it is; undefined where it is not. */
  readonly path: string | undefined;
  /** Where it could be downloaded. */
  readonly urls: readonly string[];
}

/** A file that was checked. */
export interface Verified extends FileStatus {
  readonly state: 'good' | 'damaged' | 'missing' | 'not checked';
  /** What is wrong, and what to do. */
  readonly reason?: string;
}

/** What there is, or what would be downloaded. */
const statusOf = (forms: Forms, found: Located | undefined): FileStatus => {
  const { file, bytes, urls } = found?.wanted ?? forms.find((form) => form.urls.length > 0) ?? forms[0];
  return { file, bytes, urls, path: found?.path };
};

/** The folder that does as well as the files. */
async function unpackedFolder({ files, unpacked }: DataSetInfo): Promise<string | undefined> {
  if (unpacked === undefined) return undefined;
  for (const folder of dataFolders(files[0]![0])) {
    const path = join(folder, unpacked);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}

/** Several contents may lie in one archive. */
const distinct = <T extends FileStatus>(list: readonly T[]): T[] => [
  ...new Map(list.map((one) => [`${one.file} ${one.path}`, one])).values(),
];

const here = async (info: DataSetInfo): Promise<{ status: FileStatus; found: Located | undefined }[]> =>
  Promise.all(
    info.files.map(async (forms) => {
      const found = await findHere(forms);
      return { found, status: statusOf(forms, found) };
    }),
  );

/** The files of a data set, as they are on this machine; none is read. Errors: `file-failed`. */
export async function filesHere(info: DataSetInfo): Promise<FileStatus[]> {
  const all = await here(info);
  const folder = all.some(({ found }) => found) ? undefined : await unpackedFolder(info);
  if (folder !== undefined) return [{ file: info.unpacked!, bytes: 0, path: folder, urls: [] }];
  return distinct(all.map(({ status }) => status));
}

/** Reads each file that is there, and says which are damaged. */
export async function verifyFiles(info: DataSetInfo, signal?: AbortSignal): Promise<Verified[]> {
  const all = await here(info);
  const folder = all.some(({ found }) => found) ? undefined : await unpackedFolder(info);
  if (folder !== undefined)
    return [
      { file: info.unpacked!, bytes: 0, path: folder, urls: [], state: 'not checked', reason: 'an unpacked archive has no sum' },
    ];
  const seen = new Map<string, Promise<Pick<Verified, 'state' | 'reason'>>>();
  const check = async (found: Located | undefined): Promise<Pick<Verified, 'state' | 'reason'>> => {
    if (!found) return { state: 'missing' };
    try {
      await checkFile(found, signal);
      return { state: 'good' };
    } catch (e) {
      if (!StratusError.is(e) || e.code === 'aborted') throw e;
      return { state: 'damaged', reason: e.message };
    }
  };
  const checked: Verified[] = [];
  for (const { found, status } of all) {
    const known = seen.get(found?.path ?? '') ?? check(found);
    if (found) seen.set(found.path, known);
    checked.push({ ...status, ...(await known) });
  }
  return distinct(checked);
}

/** Downloads what is missing, and checks all of it. Errors: `data-not-found`, `corrupt`, `file-failed`, `aborted`. */
export async function fetchFiles(info: DataSetInfo, options: LookupOptions = {}): Promise<FileStatus[]> {
  const before = await filesHere(info);
  if (info.unpacked !== undefined && before[0]?.file === info.unpacked) return before;
  const fetched: FileStatus[] = [];
  for (const forms of info.files) {
    const found = await locate(forms, options);
    if (found.bytes)
      throw fail('file-failed', {
        file: join(cacheRoot(), found.wanted.dataset, found.wanted.file),
        doing: 'Writing',
        reason: 'the folder cannot be written',
      });
    if (!fetched.some(({ path }) => path === found.path)) await checkFile(found, options.signal);
    fetched.push(statusOf(forms, found));
  }
  return distinct(fetched);
}
