import type { Served } from './served.ts';
import type { ShelvedModel } from './shelf.ts';

/** A version could not be loaded; it is tried again later. */
interface Failure {
  readonly error: unknown;
  readonly at: number;
  readonly stamp: string | undefined;
}

/** The alias that nobody names: what is served where no version is asked for. */
export const standard = '';

/** What a repository knows of one model: its versions, which of them are in memory, and where its aliases point. */
export class KnownModel {
  readonly name: string;
  /** Oldest first. */
  versions: string[] = [];
  shelved: ShelvedModel | undefined;
  /** Where requests go that name an alias, or nothing. An alias moves when what it shall point to is ready. */
  readonly aliases = new Map<string, string>();
  readonly served = new Map<string, Served>();
  readonly loading = new Map<string, Promise<Served>>();
  readonly failed = new Map<string, Failure>();
  /** True when somebody said that it shall not be served. */
  isUnloaded = false;

  constructor(name: string) {
    this.name = name;
  }

  /** The version that is meant; undefined where there is none. */
  resolve(version: string | undefined): string | undefined {
    if (version === undefined) return this.aliases.get(standard) ?? this.versions.at(-1);
    if (this.versions.includes(version)) return version;
    return this.aliases.get(version.startsWith('@') ? version.slice(1) : version);
  }

  /** Versions that aliases point to. */
  get pointedTo(): ReadonlySet<string> {
    return new Set(this.aliases.values());
  }

  stampOf(version: string): string | undefined {
    return this.shelved?.stamps?.[version];
  }
}
