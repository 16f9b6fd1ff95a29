import type { Selectable } from 'kysely';
import type { Queries } from './database.ts';
import { checkWhole } from './names.ts';
import { type Json, jsonOf, tagsOf } from './run-values.ts';
import { modelId, type Scope } from './scope.ts';
import type { Tables } from './tables.ts';
import { versionNumber } from './versions.ts';

/** What may change of a model or of a version; the version itself never does. */
export interface Label {
  readonly model: string;
  /** The version; 0 for the model itself. */
  readonly number: number;
  readonly tags: Readonly<Record<string, string>>;
  /** What a protocol keeps beside it: a description, where it came from. */
  readonly facts: Readonly<Record<string, Json>>;
  readonly changedAt: Date | undefined;
  /** Taken back: its number stays taken, and it can be looked up by it. */
  readonly isDeleted: boolean;
}

/** What becomes of a label. */
export interface LabelChange {
  readonly tags?: Readonly<Record<string, string | null>>;
  /** Added to those that are there. */
  readonly facts?: Readonly<Record<string, Json>>;
  readonly isDeleted?: boolean;
}

/** The labels of the models of a store. */
export interface Labels {
  /** Those that were ever changed, of all models or of one, by model and number. Errors: `unknown-name`, `database-failed`. */
  list(model?: string): Promise<readonly Label[]>;
  /** Errors: `unknown-name`, `bad-value`, `database-failed`. */
  get(model: string, number: number): Promise<Label>;
  /** Errors: `unknown-name`, `bad-value`, `database-failed`. */
  change(model: string, number: number, change: LabelChange): Promise<Label>;
}

type Row = Omit<Selectable<Tables['labels']>, 'model_id'> & { readonly model: string };

const labelOf = (row: Row): Label => ({
  model: row.model,
  number: row.number,
  tags: JSON.parse(row.tags) as Record<string, string>,
  facts: JSON.parse(row.facts) as Record<string, Json>,
  changedAt: new Date(row.changed_at),
  isDeleted: row.deleted_at !== null,
});

const rows = (db: Queries, { projectId }: Scope) =>
  db
    .selectFrom('labels')
    .innerJoin('models', 'models.id', 'labels.model_id')
    .select(['models.name as model', 'labels.number', 'labels.tags', 'labels.facts', 'labels.changed_at', 'labels.deleted_at'])
    .where('models.project_id', '=', projectId)
    .orderBy('models.name')
    .orderBy('labels.number');

/** The label of a version that is new. Errors: `bad-value`. */
export async function addLabel(
  db: Queries,
  model: number,
  number: number,
  { tags = {}, facts = {} }: LabelChange,
): Promise<void> {
  const given = Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null);
  const row = { tags: jsonOf(tagsOf(Object.fromEntries(given)), 'tags'), facts: jsonOf(facts, 'facts'), changed_at: Date.now() };
  await db
    .insertInto('labels')
    .values({ ...row, model_id: model, number })
    .execute();
}

/** @internal */
export const labelsOf = (scope: Scope): Labels => ({
  list: (model) =>
    scope.database.read('Reading the labels of', async (db) => {
      const all = rows(db, scope);
      const wanted = model === undefined ? all : all.where('models.id', '=', await modelId(db, scope, model));
      return (await wanted.execute()).map(labelOf);
    }),

  async get(model, number) {
    checkWhole('the number of a version', number);
    return await scope.database.read('Reading a label of', async (db) => {
      const id = await modelId(db, scope, model);
      if (number > 0) await versionNumber(db, { id, name: model }, number);
      const row = await rows(db, scope).where('models.id', '=', id).where('labels.number', '=', number).executeTakeFirst();
      return row ? labelOf(row) : { model, number, tags: {}, facts: {}, changedAt: undefined, isDeleted: false };
    });
  },

  async change(model, number, { tags = {}, facts = {}, isDeleted }) {
    checkWhole('the number of a version', number);
    return await scope.database.write('Changing a label of', async (db) => {
      const id = await modelId(db, scope, model);
      if (number > 0) await versionNumber(db, { id, name: model }, number);
      const now = Date.now();
      const old = await db // holds the row, which may be new, until the transaction ends
        .insertInto('labels')
        .values({ model_id: id, number, tags: '{}', facts: '{}', changed_at: now })
        .onConflict((c) => c.columns(['model_id', 'number']).doUpdateSet({ changed_at: now }))
        .returningAll()
        .executeTakeFirstOrThrow();
      const given = Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null);
      const left = Object.entries(JSON.parse(old.tags) as Record<string, string>).filter(([name]) => tags[name] !== null);
      const next = {
        tags: jsonOf({ ...Object.fromEntries(left), ...tagsOf(Object.fromEntries(given)) }, 'tags'),
        facts: jsonOf({ ...(JSON.parse(old.facts) as Record<string, Json>), ...facts }, 'facts'),
        deleted_at: isDeleted === undefined ? old.deleted_at : isDeleted ? now : null,
      };
      await db.updateTable('labels').set(next).where('model_id', '=', id).where('number', '=', number).execute();
      return labelOf({ ...old, ...next, model });
    });
  },
});
