import { fail } from '@stratus/core';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { migrations } from './migrations/index.ts';

/** Brings the tables to the newest version, or makes them. Several processes may do so at once. Errors: `store-too-new`, `database-failed`. */
export async function migrate(database: Database): Promise<void> {
  await database.migrate(async (db) => {
    await sql`create table if not exists schema_versions (number bigint primary key, name text not null, applied_at bigint not null)`.execute(
      db,
    );
    const { found } = await db
      .selectFrom('schema_versions')
      .select((e) => e.fn.coalesce(e.fn.max('number'), e.lit(0)).as('found'))
      .executeTakeFirstOrThrow();
    if (found > migrations.length) throw fail('store-too-new', { store: database.shown, found, known: migrations.length });
    for (const [i, { name, statements }] of migrations.entries()) {
      if (i < found) continue;
      for (const statement of statements(database.types)) await sql.raw(statement).execute(db);
      await db
        .insertInto('schema_versions')
        .values({ number: i + 1, name, applied_at: Date.now() })
        .execute();
    }
  });
}
