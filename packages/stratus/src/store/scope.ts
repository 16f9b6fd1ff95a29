import type { Database, Queries } from './database.ts';
import { unknown } from './names.ts';

/** What every part of a store works with: the database, and the one project it may see. */
export interface Scope {
  readonly database: Database;
  readonly projectId: number;
  /** Who does it, where nobody else is named. */
  readonly actor: string;
}

/** As many names are looked at for a did-you-mean. */
const namesAtMost = 10_000;

/** The number of a run. Errors: `unknown-name`. */
export async function runId(db: Queries, { projectId }: Scope, key: string): Promise<number> {
  const row = await db
    .selectFrom('runs')
    .select('id')
    .where('project_id', '=', projectId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row === undefined) throw await unknownRun(db, projectId, key);
  return row.id;
}

/** The error for a run that is not there. */
export async function unknownRun(db: Queries, projectId: number, key: string): Promise<Error> {
  const rows = await db
    .selectFrom('runs')
    .select(['key', 'name'])
    .where('project_id', '=', projectId)
    .orderBy('id', 'desc')
    .limit(namesAtMost)
    .execute();
  const named = rows.filter((row) => row.name === key).map((row) => row.key);
  const fix = named.length > 0 ? `That is the name of ${named.slice(0, 5).join(', ')}.` : undefined;
  return unknown(
    'run',
    key,
    rows.map((row) => row.key),
    fix,
  );
}

/** The number of a model. Errors: `unknown-name`. */
export async function modelId(db: Queries, { projectId }: Scope, name: string): Promise<number> {
  const row = await db
    .selectFrom('models')
    .select('id')
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw await unknownModel(db, projectId, name);
  return row.id;
}

/** A model whose row is held until the transaction ends: whoever gives what belongs to it the next number comes one after the other. Errors: `unknown-name`. */
export async function heldModelId(db: Queries, scope: Scope, name: string): Promise<number> {
  const id = await modelId(db, scope, name);
  await db
    .updateTable('models')
    .set((e) => ({ last_version: e.ref('last_version') }))
    .where('id', '=', id)
    .execute();
  return id;
}

/** The error for a model that is not there. */
export async function unknownModel(db: Queries, projectId: number, name: string): Promise<Error> {
  const rows = await db
    .selectFrom('models')
    .select('name')
    .where('project_id', '=', projectId)
    .orderBy('name')
    .limit(namesAtMost)
    .execute();
  return unknown(
    'model',
    name,
    rows.map((row) => row.name),
  );
}
