import type { Selectable } from 'kysely';
import type { Queries } from './database.ts';
import { checkName, unknown } from './names.ts';
import { placeExists } from './places.ts';
import { type Json, jsonOf } from './run-values.ts';
import type { Scope } from './scope.ts';
import type { Tables } from './tables.ts';

/** A model that a run logged, before and beside its registration. */
export interface LoggedModel {
  readonly key: string;
  readonly experiment: number;
  /** What its protocol says of it. */
  readonly facts: Readonly<Record<string, Json>>;
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly isDeleted: boolean;
}

/** The logged models of a store. */
export interface LoggedModels {
  /** Errors: `bad-value`, `unknown-name` for the experiment, `database-failed`. */
  create(model: {
    readonly key: string;
    readonly experiment: number;
    readonly facts: LoggedModel['facts'];
  }): Promise<LoggedModel>;
  /** Errors: `unknown-name`, `database-failed`. */
  get(key: string): Promise<LoggedModel>;
  /** The newest first, without deleted ones. Errors: `database-failed`. */
  list(experiments: readonly number[]): Promise<readonly LoggedModel[]>;
  /** `next` makes the facts of those there are; it may be called again. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  change(key: string, next: (facts: LoggedModel['facts']) => LoggedModel['facts'], isDeleted?: boolean): Promise<LoggedModel>;
}

type Row = Selectable<Tables['logged_models']>;

const modelOf = (row: Row): LoggedModel => ({
  key: row.key,
  experiment: row.experiment,
  facts: JSON.parse(row.facts) as Record<string, Json>,
  createdAt: new Date(row.created_at),
  changedAt: new Date(row.changed_at),
  isDeleted: row.deleted_at !== null,
});

const all = (db: Queries, { projectId }: Scope) => db.selectFrom('logged_models').selectAll().where('project_id', '=', projectId);

async function unknownModel(db: Queries, scope: Scope, key: string): Promise<Error> {
  const rows = await all(db, scope).orderBy('created_at', 'desc').limit(100).execute();
  return unknown(
    'logged model',
    key,
    rows.map((row) => row.key),
  );
}

/** @internal */
export const loggedModelsOf = (scope: Scope): LoggedModels => ({
  async create({ key, experiment, facts }) {
    const row = { key: checkName('the key of a logged model', key), facts: jsonOf(facts, 'facts'), experiment };
    return await scope.database.write('Adding a logged model to', async (db) => {
      await placeExists(db, scope, experiment);
      const now = Date.now();
      const values = { ...row, project_id: scope.projectId, created_at: now, changed_at: now };
      return modelOf(await db.insertInto('logged_models').values(values).returningAll().executeTakeFirstOrThrow());
    });
  },

  get: (key) =>
    scope.database.read('Reading a logged model of', async (db) => {
      const row = await all(db, scope).where('key', '=', key).executeTakeFirst();
      if (row === undefined) throw await unknownModel(db, scope, key);
      return modelOf(row);
    }),

  list: (experiments) =>
    scope.database.read('Listing the logged models of', async (db) => {
      if (experiments.length === 0) return [];
      const wanted = all(db, scope)
        .where('experiment', 'in', [...experiments])
        .where('deleted_at', 'is', null);
      return (await wanted.orderBy('created_at', 'desc').orderBy('key').execute()).map(modelOf);
    }),

  change: (key, next, isDeleted) =>
    scope.database.write('Changing a logged model of', async (db) => {
      const mine = db.updateTable('logged_models').where('project_id', '=', scope.projectId).where('key', '=', key);
      const old = await mine.set({ changed_at: Date.now() }).returningAll().executeTakeFirst();
      if (old === undefined) throw await unknownModel(db, scope, key);
      const facts = jsonOf(next(JSON.parse(old.facts) as Record<string, Json>), 'facts');
      const deleted_at = isDeleted === undefined ? old.deleted_at : isDeleted ? Date.now() : null;
      return modelOf(await mine.set({ facts, deleted_at }).returningAll().executeTakeFirstOrThrow());
    }),
});
