import { fail } from '@stratus/core';
import type { Selectable } from 'kysely';
import type { Queries } from './database.ts';
import { addLabel, type LabelChange } from './labels.ts';
import { checkDigest, checkName, checkText, checkTitle, checkWhole } from './names.ts';
import { type Json, jsonOf } from './run-values.ts';
import { modelId, runId, type Scope } from './scope.ts';
import type { Tables } from './tables.ts';
import { versionNumber } from './versions.ts';

/** What a version is made of. It never changes afterwards. */
export interface NewVersion {
  /** The file of the model among the blobs: 'sha256:…'. It has to be there before. */
  readonly digest: string;
  readonly bytes: number;
  /** The key of the run that made it. */
  readonly run?: string;
  /** What goes in and out. */
  readonly signature?: Json;
  /** Finite numbers that were measured, by name. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** The fingerprint of the data that it learned from; that of the run where it is left out. */
  readonly data?: Json;
  /** The version of the code; that of the run where it is left out. */
  readonly code?: Json;
  readonly notes?: string;
  /** Who the store was opened by, where it is left out. */
  readonly by?: string;
  /** What may change of it later; it comes to be together with the version. */
  readonly label?: Pick<LabelChange, 'tags' | 'facts'>;
}

/** A version of a model. */
export interface VersionInfo {
  readonly model: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly digest: string;
  readonly bytes: number;
  readonly run: string | undefined;
  readonly signature: Json | undefined;
  readonly metrics: Readonly<Record<string, number>>;
  readonly data: Json | undefined;
  readonly code: Json | undefined;
  readonly notes: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** The aliases that point to it now. */
  readonly aliases: readonly string[];
}

/** A model: a name with versions. */
export interface ModelInfo {
  readonly name: string;
  readonly notes: string;
  /** The number of the newest version, which is also how many there are. */
  readonly versions: number;
  /** Alias → version. */
  readonly aliases: Readonly<Record<string, number>>;
  readonly createdAt: Date;
}

/** The models of a store and their versions. */
export interface Models {
  /** All, by name. Errors: `database-failed`. */
  list(): Promise<readonly ModelInfo[]>;
  /** Errors: `unknown-name`, `database-failed`. */
  get(name: string): Promise<ModelInfo>;
  /** What people should know of it. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  describe(name: string, notes: string): Promise<void>;
  /** A model without versions. Errors: `bad-value`, `conflict` where it is there already, `database-failed`. */
  create(name: string, notes?: string): Promise<ModelInfo>;
  /** Versions and aliases stay with it. Errors: `unknown-name`, `bad-value`, `conflict` for a name that is taken, `database-failed`. */
  rename(name: string, next: string): Promise<ModelInfo>;
  /** Adds a version, and the model where it is new. Errors: `bad-value`, `unknown-name` for the run, `database-failed`. */
  register(name: string, version: NewVersion): Promise<VersionInfo>;
  /** By number, by alias ('@production') or 'latest'. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  version(name: string, version: number | string): Promise<VersionInfo>;
  /** The newest first, at most `limit` (100). Errors: `unknown-name`, `bad-value`, `database-failed`. */
  versions(name: string, options?: { readonly skip?: number; readonly limit?: number }): Promise<readonly VersionInfo[]>;
}

/** @internal */
export const modelsOf = (scope: Scope): Models => ({
  list: () => scope.database.read('Listing the models of', (db) => models(db, scope)),

  get: (name) =>
    scope.database.read('Reading a model of', async (db) => (await models(db, scope, await modelId(db, scope, name)))[0]!),

  async describe(name, notes) {
    checkText('notes', notes);
    await scope.database.write('Changing a model of', async (db) => {
      const id = await modelId(db, scope, name);
      await db.updateTable('models').set({ notes }).where('id', '=', id).execute();
    });
  },

  async create(name, notes = '') {
    const row = { name: checkName('the name of a model', name), notes: checkText('notes', notes) };
    return await scope.database.write('Adding a model to', async (db) => {
      const added = await db
        .insertInto('models')
        .values({ ...row, project_id: scope.projectId, last_version: 0, created_at: Date.now() })
        .onConflict((c) => c.columns(['project_id', 'name']).doNothing())
        .returning('id')
        .executeTakeFirst();
      if (added === undefined) throw taken(name);
      return (await models(db, scope, added.id))[0]!;
    });
  },

  async rename(name, next) {
    checkName('the name of a model', next);
    return await scope.database.write('Renaming a model of', async (db) => {
      const id = await modelId(db, scope, name);
      const other = db.selectFrom('models').select('id').where('project_id', '=', scope.projectId).where('name', '=', next);
      if (name !== next && (await other.executeTakeFirst())) throw taken(next);
      await db.updateTable('models').set({ name: next }).where('id', '=', id).execute();
      return (await models(db, scope, id))[0]!;
    });
  },

  async register(name, version) {
    checkName('the name of a model', name);
    const row = rowOf(scope, version);
    return await scope.database.write('Adding a version to', async (db) => {
      const run = version.run === undefined ? undefined : await runId(db, scope, version.run);
      const made =
        run === undefined
          ? undefined
          : await db.selectFrom('runs').select(['data', 'code']).where('id', '=', run).executeTakeFirst();
      // The row of the model is the lock: the number is taken and used in one transaction, so there is no gap and nothing twice.
      const { id, number } = await db
        .insertInto('models')
        .values({ project_id: scope.projectId, name, notes: '', last_version: 1, created_at: Date.now() })
        .onConflict((c) =>
          c.columns(['project_id', 'name']).doUpdateSet((e) => ({ last_version: e('models.last_version', '+', 1) })),
        )
        .returning(['id', 'last_version as number'])
        .executeTakeFirstOrThrow();
      const { data = made?.data ?? null, code = made?.code ?? null } = row;
      await db
        .insertInto('versions')
        .values({ ...row, model_id: id, number, run_id: run ?? null, data, code })
        .execute();
      if (version.label) await addLabel(db, id, number, version.label);
      return (await infos(db, { id, name }, { number }))[0]!;
    });
  },

  version: (name, version) =>
    scope.database.read('Reading a version of', async (db) => {
      const model = { id: await modelId(db, scope, name), name };
      return (await infos(db, model, { number: await versionNumber(db, model, version) }))[0]!;
    }),

  async versions(name, { skip = 0, limit = 100 } = {}) {
    const page = { skip: checkWhole('skip of versions', skip), limit: checkWhole('limit of versions', limit) };
    return await scope.database.read('Listing the versions of', async (db) =>
      infos(db, { id: await modelId(db, scope, name), name }, page),
    );
  },
});

const taken = (name: string): Error =>
  fail('conflict', { what: `The model '${name}'`, reason: 'is there already', fix: 'Choose another name.' });

/** What is stored of a version, checked. Errors: `bad-value`. */
function rowOf(scope: Scope, { digest, bytes, signature, metrics, data, code, notes, by }: NewVersion) {
  for (const [name, value] of Object.entries(metrics ?? {})) {
    checkTitle('the name of a metric', name);
    if (!Number.isFinite(value))
      throw fail('bad-value', { what: `the metric '${name}'`, got: String(value), want: 'a finite number' });
  }
  return {
    digest: checkDigest('the digest of a version', digest),
    bytes: checkWhole('the bytes of a version', bytes),
    signature: signature === undefined ? null : jsonOf(signature, 'signature'),
    metrics: jsonOf(metrics ?? {}, 'metrics'),
    data: data === undefined ? undefined : jsonOf(data, 'data'),
    code: code === undefined ? undefined : jsonOf(code, 'code'),
    notes: checkText('notes', notes ?? ''),
    created_at: Date.now(),
    created_by: checkTitle('by', by ?? scope.actor),
  };
}

async function models(db: Queries, { projectId }: Scope, id?: number): Promise<ModelInfo[]> {
  const all = db.selectFrom('models').selectAll().where('project_id', '=', projectId).orderBy('name');
  const rows = await (id === undefined ? all : all.where('id', '=', id)).execute();
  const aliases = await db
    .selectFrom('aliases')
    .innerJoin('models', 'models.id', 'aliases.model_id')
    .select(['aliases.model_id', 'aliases.name', 'aliases.version'])
    .where('models.project_id', '=', projectId)
    .where('aliases.version', 'is not', null)
    .orderBy('aliases.name')
    .execute();
  return rows.map((row) => ({
    name: row.name,
    notes: row.notes,
    versions: row.last_version,
    aliases: Object.fromEntries(aliases.filter((a) => a.model_id === row.id).map((a) => [a.name, a.version!])),
    createdAt: new Date(row.created_at),
  }));
}

interface Wanted {
  readonly number?: number;
  readonly skip?: number;
  readonly limit?: number;
}

async function infos(db: Queries, model: { id: number; name: string }, { number, skip, limit }: Wanted): Promise<VersionInfo[]> {
  let wanted = db
    .selectFrom('versions')
    .leftJoin('runs', 'runs.id', 'versions.run_id')
    .selectAll('versions')
    .select('runs.key as run_key')
    .where('model_id', '=', model.id)
    .orderBy('number', 'desc');
  if (number !== undefined) wanted = wanted.where('number', '=', number);
  if (limit !== undefined) wanted = wanted.limit(limit).offset(skip ?? 0);
  const rows = await wanted.execute();
  const aliases = await db
    .selectFrom('aliases')
    .select(['name', 'version'])
    .where('model_id', '=', model.id)
    .orderBy('name')
    .execute();
  return rows.map((row) =>
    infoOf(
      row,
      model.name,
      aliases.filter((a) => a.version === row.number).map((a) => a.name),
    ),
  );
}

const parsed = (text: string | null): Json | undefined => (text === null ? undefined : (JSON.parse(text) as Json));

type VersionRow = Selectable<Tables['versions']> & { readonly run_key: string | null };

const infoOf = (row: VersionRow, model: string, aliases: readonly string[]): VersionInfo => ({
  model,
  number: row.number,
  digest: row.digest,
  bytes: row.bytes,
  run: row.run_key ?? undefined,
  signature: parsed(row.signature),
  metrics: JSON.parse(row.metrics),
  data: parsed(row.data),
  code: parsed(row.code),
  notes: row.notes,
  createdAt: new Date(row.created_at),
  createdBy: row.created_by,
  aliases,
});
