/** Loads models and puts them away when clients ask for that: in this process, or in all that serve them. */
export interface RepositoryControl {
  /** Errors: as `Repository.load`. */
  load(name: string): Promise<void>;
  /** Errors: as `Repository.unload`. */
  unload(name: string): Promise<void>;
}
