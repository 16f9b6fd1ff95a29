// What a data set's files are, and how they are asked for.

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
