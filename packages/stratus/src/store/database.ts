import type { RawBuilder, Transaction } from 'kysely';
import type { ColumnTypes } from './migrations/index.ts';
import type { Tables } from './tables.ts';

/** Queries within a transaction. */
export type Queries = Transaction<Tables>;

/** A database that holds a store. What follows upon this file is the same for all kinds. */
export interface Database {
  /** The address without its password, for messages. */
  readonly shown: string;
  readonly types: ColumnTypes;
  readonly json: JsonSql;
  /** The time by the database's clock, in milliseconds since 1970: one clock for all who use it. */
  readonly now: RawBuilder<number>;
  /** Reads that belong together: they see one state of the store. `doing`: 'Listing the runs of'. */
  read<T>(doing: string, work: (db: Queries) => Promise<T>): Promise<T>;
  /**
   * Takes effect whole or not at all, and lies on disk when the promise is kept. `work` runs again when another process was in the way: it changes
   * nothing but the store.
   */
  write<T>(doing: string, work: (db: Queries) => Promise<T>): Promise<T>;
  /** As `write`, while nobody else does the same. */
  migrate(work: (db: Queries) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** A name in a column of JSON, in SQL. NULL where it has no value of that type. */
export interface JsonSql {
  /** Of a text or a truth value. */
  text(column: string, name: string): RawBuilder<string | null>;
  number(column: string, name: string): RawBuilder<number | null>;
}

/** What one kind of database makes of an error of its library. */
export interface Verdict {
  /** Worth another try after a moment: nothing has happened. */
  readonly again: boolean;
  /** The sentence of how to mend it. */
  readonly fix: string;
}
