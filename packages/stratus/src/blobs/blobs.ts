/** Bytes and where they lie. */
export interface Blob {
  /** 'sha256:' and 64 digits: what is in it, and its only name. */
  readonly digest: string;
  readonly bytes: number;
}

/** Where bytes come from. */
export type BlobSource = Uint8Array | AsyncIterable<Uint8Array>;

/** What a blob is put with. */
export interface PutOptions {
  /** The digest that it must have: where it has another one, nothing is kept. */
  readonly expect?: string;
  readonly signal?: AbortSignal;
}

/** How blobs are cleared up. */
export interface ClearOptions {
  /** The digests that are named somewhere. It is asked after it is settled which blobs are old. */
  readonly references: () => Promise<ReadonlySet<string>>;
  /** A blob has to be older than this, in milliseconds, twice over, before it is gone for good; a day. */
  readonly graceMs?: number;
  /** Changes nothing: only says what would be done. */
  readonly dryRun?: boolean;
}

/** What a sweep did. */
export interface Swept {
  /** Put aside: they go for good in a later sweep, unless somebody names or asks for them. */
  readonly aside: readonly string[];
  readonly removed: readonly string[];
  /** Were aside, and are named after all. */
  readonly restored: readonly string[];
}

/**
 * Blobs by what is in them: the same bytes are one blob, and a blob never changes. Who puts one names it in a store within the time of grace; from then on no sweep
 * takes it.
 */
export interface Blobs {
  /** Where they are, without secrets. */
  readonly address: string;
  /** Keeps bytes: they are safe when the promise is kept. Errors: `corrupt` where they are not what `expect` says, `file-failed`, `aborted`. */
  put(source: BlobSource, options?: PutOptions): Promise<Blob>;
  /** How large a blob is; undefined where there is none. Errors: `bad-value`, `file-failed`. */
  stat(digest: string): Promise<Blob | undefined>;
  /** The bytes, verified. Errors: `bad-value`, `file-not-found`, `corrupt`, `file-failed`. */
  read(digest: string): Promise<Uint8Array>;
  /** The bytes piece by piece. The last one is followed by an error where they were not the right ones: use nothing before the end. Errors: as `read`. */
  stream(digest: string): AsyncIterable<Uint8Array>;
  /** All digests, sorted. Errors: `file-failed`. */
  list(): Promise<readonly string[]>;
  /** Clears up what nobody names. Errors: `file-failed`, and those of `references`. */
  sweep(options: ClearOptions): Promise<Swept>;
}
