import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database as File, Statement } from 'libsql';

/** The library has no `undefined`, and takes bytes as a Buffer only. */
const bound = (value: unknown): unknown =>
  value instanceof Uint8Array && !Buffer.isBuffer(value) ? Buffer.from(value.buffer, value.byteOffset, value.length) : value;

/** As many prepared statements are kept. */
const kept = 200;

class Connection implements DatabaseConnection {
  readonly #file: File;
  readonly #statements = new Map<string, Statement>();

  constructor(file: File) {
    this.#file = file;
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#file.prepare(sql) as Statement;
      if (this.#statements.size >= kept) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepared(sql);
    const values = parameters.map(bound);
    if (statement.reader) return { rows: statement.all(values) as R[] };
    const { changes } = statement.run(values);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  // biome-ignore lint/correctness/useYield: nothing of the store reads row by row
  async *streamQuery<R>(): AsyncGenerator<QueryResult<R>> {
    throw new Error('rows are read at once');
  }
}

/** One connection, which is lent to one at a time, in the order in which they came. */
class OneConnection implements Driver {
  readonly #file: File;
  readonly #begin: string;
  readonly #connection: Connection;
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(file: File, begin: string) {
    this.#file = file;
    this.#begin = begin;
    this.#connection = new Connection(file);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free;
    let release = (): void => undefined;
    this.#free = new Promise((done) => {
      release = done;
    });
    await before;
    this.#release = release;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#begin));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('COMMIT'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#file.inTransaction) await connection.executeQuery(CompiledQuery.raw('ROLLBACK')); // a full disk has rolled it back already
  }

  async destroy(): Promise<void> {
    this.#file.close();
  }
}

/** libsql for kysely. `begin`: how a transaction begins; one that writes has to say so, or it fails in the middle when another has written. */
export const sqliteDialect = (file: File, begin: 'BEGIN' | 'BEGIN IMMEDIATE'): Dialect => ({
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new OneConnection(file, begin),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db as never),
});
