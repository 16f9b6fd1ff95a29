import { fail } from '@stratus/core';
import type { Selectable } from 'kysely';
import type { Queries } from './database.ts';
import { checkTitle } from './names.ts';
import { changePlace, type PlaceChange, type PlacedRun, type RunScan, scanRuns } from './placed-runs.ts';
import { lockExperiments, unknownExperiment } from './places.ts';
import { jsonOf, tagsOf } from './run-values.ts';
import type { Scope } from './scope.ts';
import type { Tables } from './tables.ts';

/** A group of runs within a project. */
export interface ExperimentInfo {
  /** From 0, without gaps. */
  readonly number: number;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** It can be restored, and its name stays taken. */
  readonly isDeleted: boolean;
}

/** What can be changed of an experiment; a tag that is null is taken away. */
export interface ExperimentChange {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string | null>>;
  readonly isDeleted?: boolean;
}

/** The experiments of a project. Number 0, 'Default', is always there: runs that nobody put elsewhere are in it. */
export interface Experiments {
  /** Errors: `bad-value`, `conflict` for a name that is taken, `database-failed`. */
  create(name: string, tags?: Readonly<Record<string, string>>): Promise<ExperimentInfo>;
  /** All, also deleted ones, by number. Errors: `database-failed`. */
  list(): Promise<readonly ExperimentInfo[]>;
  /** Errors: `unknown-name`, `database-failed`. */
  get(number: number): Promise<ExperimentInfo>;
  /** Errors: `unknown-name`, `bad-value`, `conflict` for a name that is taken, `database-failed`. */
  change(number: number, change: ExperimentChange): Promise<ExperimentInfo>;
  /** Runs with where they are. Errors: `bad-value`, `unknown-name`, `database-failed`. */
  runs(scan: RunScan): Promise<readonly PlacedRun[]>;
  /** Changes where a run is, and its times. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  changeRun(run: string, change: PlaceChange): Promise<void>;
}

type Row = Selectable<Tables['experiments']>;

const infoOf = (row: Row): ExperimentInfo => ({
  number: row.number,
  name: row.name,
  tags: JSON.parse(row.tags) as Record<string, string>,
  createdAt: new Date(row.created_at),
  changedAt: new Date(row.changed_at),
  isDeleted: row.deleted_at !== null,
});

const all = (db: Queries, { projectId }: Scope) =>
  db.selectFrom('experiments').selectAll().where('project_id', '=', projectId).orderBy('number');

/** Number 0 before somebody needed its row. */
const unmade: Row = {
  project_id: 0,
  number: 0,
  name: 'Default',
  tags: '{}',
  made: 0,
  created_at: 0,
  changed_at: 0,
  deleted_at: null,
};

async function checkFree(db: Queries, scope: Scope, name: string): Promise<void> {
  const found = await all(db, scope).where('name', '=', name).executeTakeFirst();
  if (found === undefined) return;
  throw fail('conflict', {
    what: `The experiment '${name}'`,
    reason: found.deleted_at === null ? 'is there already' : `was deleted and keeps its name (number ${found.number})`,
    fix: found.deleted_at === null ? 'Choose another name.' : 'Restore it, or choose another name.',
  });
}

/** @internal */
export const experimentsOf = (scope: Scope): Experiments => {
  const one = async (db: Queries, number: number): Promise<ExperimentInfo> => {
    const row = await all(db, scope).where('number', '=', number).executeTakeFirst();
    if (row === undefined) throw await unknownExperiment(db, scope, number);
    return infoOf(row);
  };
  return {
    async create(name, tags = {}) {
      const row = { name: checkTitle('the name of an experiment', name), tags: jsonOf(tagsOf(tags), 'tags'), made: 0 };
      return await scope.database.write('Adding an experiment to', async (db) => {
        const number = await lockExperiments(db, scope, 1); // a name that is taken undoes this as well: no gap
        await checkFree(db, scope, name);
        const now = Date.now();
        const values = { ...row, project_id: scope.projectId, number, created_at: now, changed_at: now };
        await db.insertInto('experiments').values(values).execute();
        return await one(db, number);
      });
    },

    list: () =>
      scope.database.read('Listing the experiments of', async (db) => {
        const rows = await all(db, scope).execute();
        return (rows[0]?.number === 0 ? rows : [unmade, ...rows]).map(infoOf);
      }),

    get: (number) =>
      scope.database.read('Reading an experiment of', async (db) =>
        number === 0
          ? infoOf((await all(db, scope).where('number', '=', 0).executeTakeFirst()) ?? unmade)
          : await one(db, number),
      ),

    change: (number, { name, tags = {}, isDeleted }) =>
      scope.database.write('Changing an experiment of', async (db) => {
        await lockExperiments(db, scope, 0);
        const old = await one(db, number);
        if (name !== undefined && name !== old.name) await checkFree(db, scope, checkTitle('the name of an experiment', name));
        const given = Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null);
        const left = Object.entries(old.tags).filter(([key]) => tags[key] !== null);
        const now = Date.now();
        await db
          .updateTable('experiments')
          .set({
            tags: jsonOf({ ...Object.fromEntries(left), ...tagsOf(Object.fromEntries(given)) }, 'tags'),
            changed_at: now,
            ...(name === undefined ? {} : { name }),
            ...(isDeleted === undefined ? {} : { deleted_at: isDeleted ? now : null }),
          })
          .where('project_id', '=', scope.projectId)
          .where('number', '=', number)
          .execute();
        return await one(db, number);
      }),

    runs: (scan) => scope.database.read('Listing the runs of', (db) => scanRuns(db, scope, scan)),
    changeRun: (run, change) => scope.database.write('Changing a run of', (db) => changePlace(db, scope, run, change)),
  };
};
