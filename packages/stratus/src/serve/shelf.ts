/** One model of a {@link Shelf}. */
export interface ShelvedModel {
  readonly name: string;
  /** Oldest first. */
  readonly versions: readonly string[];
  /** What is served where nobody asks for another. */
  readonly wanted: string;
  /** Names for versions: 'production'. */
  readonly aliases: Readonly<Record<string, string>>;
  /** What changes when the artifact of a version is replaced; left out where that cannot be. */
  readonly stamps?: Readonly<Record<string, string>> | undefined;
}

/** Where models come from: files, a folder, a registry. */
export interface Shelf {
  /** What there is now. */
  list(): Promise<readonly ShelvedModel[]>;
  /** The artifact of a version. */
  read(name: string, version: string): Promise<Uint8Array>;
}
