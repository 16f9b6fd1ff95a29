/**
 * The few file operations that saving and loading need. Paths are the environment's own.
 * Errors of all: `file-not-found`, `file-failed` (full disk, permissions), `no-files` where there is no file system.
 */
export interface Files {
  read(path: string): Promise<Uint8Array>;
  /** Undefined when there is no such file. */
  readIfThere(path: string): Promise<Uint8Array | undefined>;
  /** Writes to a temporary name, syncs, renames: a reader sees the old file or the new one, never a part. Makes the folder. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** As `write`, for several files: a folder that appears whole or not at all. `dir` must not exist. */
  writeFolder(dir: string, parts: Readonly<Record<string, Uint8Array>>): Promise<void>;
  /** Adds to the end of a file, and makes it if need be. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(dir: string): Promise<string[]>;
  /** Removes a file or a folder with all in it; nothing happens when there is none. */
  remove(path: string): Promise<void>;
  join(...parts: readonly string[]): string;
}
