// What a data set and its files are, and how they are asked for.
import type { DType } from '@stratus/core';

/** How far a download is. */
export interface DownloadProgress {
  /** The name of the file. */
  readonly file: string;
  /** Bytes that are there, also those of an earlier try. */
  readonly received: number;
  /** Bytes of the whole file. */
  readonly total: number;
  /** True the last time: the file is there, or cannot be had from this address. */
  readonly isOver: boolean;
}

/** What is told how far a download is. */
export type OnDownload = (progress: DownloadProgress) => void;

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
  /** Where it is an archive (.tar.gz): the file in it that is meant. */
  readonly member?: string | undefined;
  /** How to get it where no address offers this very file: 'download … and unpack it'. */
  readonly byHand?: string | undefined;
}

/** How a data set is looked up. */
export interface LookupOptions {
  readonly signal?: AbortSignal | undefined;
  /** The folder that holds the files. When given, nothing else is looked at and nothing is downloaded. */
  readonly directory?: string | undefined;
  /** Told how far a download is. Unless given, long downloads show a bar on a terminal. */
  readonly onProgress?: OnDownload | undefined;
}

/** Forms of the same content, compressed or not, or in an archive. Where several are there, the first is taken. */
export type Forms = readonly [DataFile, ...DataFile[]];

/** What is known of a data set without reading it. */
export interface DataSetInfo {
  readonly title: string;
  /** What it is, in one sentence. */
  readonly about: string;
  /** How many records each part has. */
  readonly records: Readonly<Record<string, number>>;
  /** What a record holds. */
  readonly fields: Readonly<Record<string, { readonly dtype: DType; readonly shape: readonly number[] }>>;
  /** What the values of a field stand for. */
  readonly classes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Its publisher's page. */
  readonly source: string;
  readonly licence: string;
  /** What to cite. */
  readonly cite: string;
  /** All that is read, each in one of its forms. */
  readonly files: readonly Forms[];
  /** A folder beside the files that does as well: the archive, unpacked. */
  readonly unpacked?: string | undefined;
}
