import { fail } from '@stratus/core';
import type { Queries } from './database.ts';
import type { MetricSummary } from './metrics.ts';
import { checkName, checkText, checkTitle, checkWhole, newKey } from './names.ts';
import { placeRun } from './places.ts';
import { keepsRun } from './removal.ts';
import { listRuns, type RunQuery } from './run-query.ts';
import { type Json, jsonOf, type ParamValue, paramsOf, tagsOf } from './run-values.ts';
import { runId, type Scope, unknownRun } from './scope.ts';

/** 'running' until `finish`: one that has not been seen for long has lost its process. 'preempted' goes on later. */
export type RunStatus = 'running' | 'finished' | 'failed' | 'stopped' | 'preempted';
export const statuses: readonly RunStatus[] = ['running', 'finished', 'failed', 'stopped', 'preempted'];

/** What a run is made of, apart from what it measures. */
export interface NewRun {
  /** What commands and addresses call it by; drawn at random where it is left out. */
  readonly key?: string;
  /** For people; the key where it is left out. */
  readonly name?: string;
  /** The key of the run that this one is a part of. */
  readonly parent?: string;
  /** Numbers must be finite. */
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly notes?: string;
  /** The version of the code: commit, branch, digest of the changes. */
  readonly code?: Json;
  /** The fingerprint of the data. */
  readonly data?: Json;
  readonly environment?: Json;
  readonly seed?: number;
  /** The number of the experiment that it is a part of; 0 where it is left out. */
  readonly experiment?: number;
  /** When it began, where that was not now. */
  readonly startedAt?: Date;
}

/** A training and all that is known of it. */
export interface RunInfo {
  readonly key: string;
  readonly name: string;
  readonly parent: string | undefined;
  readonly status: RunStatus;
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
  /** When its process was heard of last, by the clock of the database: by metrics, changes or `seen`. */
  readonly seenAt: Date;
  /** Whether that is longer ago than two minutes, by that clock: what a process says of itself comes every few seconds. */
  readonly isSilent: boolean;
  /** Why it failed. */
  readonly error: string | undefined;
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly notes: string;
  readonly code: Json | undefined;
  readonly data: Json | undefined;
  readonly environment: Json | undefined;
  readonly seed: number | undefined;
  /** By name. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
}

/** What can be changed of a run. Parameters and tags are added to those that are there; a parameter cannot be changed, a tag can (null takes it away). */
export interface RunChange {
  readonly name?: string;
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly tags?: Readonly<Record<string, string | null>>;
  readonly notes?: string;
  readonly code?: Json;
  readonly data?: Json;
  readonly environment?: Json;
  readonly seed?: number;
}

/** When a run may be changed. */
export interface ChangeOptions {
  /** Only while its tags are these (null: not there). Of several that try at once one succeeds. */
  readonly where?: Readonly<Record<string, string | null>>;
  /** It is running again from then on, as after `seen`: nobody sees the change without that. */
  readonly isRunning?: true;
}

/** The runs of a store. */
export interface Runs {
  /** Errors: `bad-value`, `conflict` for a key that is taken, `unknown-name` for the parent or the experiment, `database-failed`. */
  create(run?: NewRun): Promise<RunInfo>;
  /** Errors: `unknown-name`, `database-failed`. */
  get(key: string): Promise<RunInfo>;
  /** The newest first, but for `sort`. Errors: `bad-value`, `database-failed`. */
  list(query?: RunQuery): Promise<readonly RunInfo[]>;
  /** Errors: `unknown-name`, `bad-value`, `conflict` for a parameter that has another value and where `where` is not so, `database-failed`. */
  change(key: string, change: RunChange, options?: ChangeOptions): Promise<RunInfo>;
  /** A sign of life; a run that went on from a checkpoint is running again. Errors: `unknown-name`, `database-failed`. */
  seen(key: string): Promise<void>;
  /** Errors: `unknown-name`, `bad-value`, `database-failed`. */
  finish(key: string, status: Exclude<RunStatus, 'running'>, error?: string): Promise<void>;
  /** With its metrics, logs and list of artifacts. Errors: `unknown-name`, `conflict` where a version of a model or another run came of it, `database-failed`. */
  remove(key: string): Promise<void>;
}

const jsonOrNull = (value: Json | undefined, what: string): string | null => (value === undefined ? null : jsonOf(value, what));

const runningAgain = { status: 'running', finished_at: null, error: null } as const;

/** @internal */
export const runsOf = (scope: Scope): Runs => ({
  async create(run = {}) {
    const key = run.key === undefined ? newKey() : checkName('the key of a run', run.key);
    const { now } = scope.database; // one clock for all machines: whose is wrong, writes and is judged like any other
    const row = {
      project_id: scope.projectId,
      key,
      name: run.name === undefined ? key : checkTitle('the name of a run', run.name),
      status: 'running',
      created_at: now,
      seen_at: now,
      params: jsonOf(paramsOf(run.params ?? {}), 'params'),
      tags: jsonOf(tagsOf(run.tags ?? {}), 'tags'),
      notes: checkText('notes', run.notes ?? ''),
      code: jsonOrNull(run.code, 'code'),
      data: jsonOrNull(run.data, 'data'),
      environment: jsonOrNull(run.environment, 'environment'),
      seed: run.seed === undefined ? null : checkWhole('seed', run.seed, Number.MIN_SAFE_INTEGER),
    };
    return await scope.database.write('Adding a run to', async (db) => {
      const parent = run.parent === undefined ? null : await runId(db, scope, run.parent);
      const added = await db
        .insertInto('runs')
        .values({ ...row, parent_id: parent })
        .onConflict((c) => c.columns(['project_id', 'key']).doNothing())
        .returning('id')
        .executeTakeFirst();
      if (added === undefined)
        throw fail('conflict', {
          what: `The run '${key}'`,
          reason: 'is there already',
          fix: 'Choose another key, or go on with that run.',
        });
      if (run.experiment !== undefined || run.startedAt !== undefined) await placeRun(db, scope, added.id, run);
      return await one(db, scope, key);
    });
  },

  get: (key) => scope.database.read('Reading a run of', (db) => one(db, scope, key)),

  list: (query = {}) => scope.database.read('Listing the runs of', (db) => listRuns(db, scope, query)),

  change: (key, change, { where = {}, isRunning } = {}) =>
    scope.database.write('Changing a run of', async (db) => {
      const id = await lock(db, scope, key);
      const { params, tags } = await db
        .selectFrom('runs')
        .select(['params', 'tags'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      checkTags(key, JSON.parse(tags), where);
      const { name, notes, code, data, environment, seed } = change;
      await db
        .updateTable('runs')
        .set({
          params: jsonOf(addedParams(key, JSON.parse(params), paramsOf(change.params ?? {})), 'params'),
          tags: jsonOf(changedTags(JSON.parse(tags), change.tags ?? {}), 'tags'),
          ...(name === undefined ? {} : { name: checkTitle('the name of a run', name) }),
          ...(notes === undefined ? {} : { notes: checkText('notes', notes) }),
          ...(code === undefined ? {} : { code: jsonOf(code, 'code') }),
          ...(data === undefined ? {} : { data: jsonOf(data, 'data') }),
          ...(environment === undefined ? {} : { environment: jsonOf(environment, 'environment') }),
          ...(seed === undefined ? {} : { seed: checkWhole('seed', seed, Number.MIN_SAFE_INTEGER) }),
          ...(isRunning && runningAgain),
        })
        .where('id', '=', id)
        .execute();
      return await one(db, scope, key);
    }),

  seen: (key) =>
    scope.database.write('Writing to a run of', async (db) => {
      const id = await lock(db, scope, key);
      await db.updateTable('runs').set(runningAgain).where('id', '=', id).execute();
    }),

  async finish(key, status, error) {
    if (!statuses.includes(status) || (status as RunStatus) === 'running')
      throw fail('bad-value', { what: 'the status of finish', got: String(status), want: statuses.slice(1).join(', ') });
    const why = error === undefined ? null : checkText('error', error);
    await scope.database.write('Finishing a run of', async (db) => {
      const id = await lock(db, scope, key);
      await db.updateTable('runs').set({ status, error: why, finished_at: scope.database.now }).where('id', '=', id).execute();
    });
  },

  remove: (key) =>
    scope.database.write('Removing a run from', async (db) => {
      const id = await lock(db, scope, key);
      const reason = await keepsRun(db, id);
      if (reason !== undefined)
        throw fail('conflict', {
          what: `The run '${key}'`,
          reason,
          fix: 'Remove that first, or keep the run: it says where that came from.',
        });
      await db.deleteFrom('runs').where('id', '=', id).execute();
    }),
});

/** Holds the row of a run until the transaction ends, and says that it was seen. Errors: `unknown-name`. */
async function lock(db: Queries, { projectId, database: { now } }: Scope, key: string): Promise<number> {
  const row = await db
    .updateTable('runs')
    .set({ seen_at: now })
    .where('project_id', '=', projectId)
    .where('key', '=', key)
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) throw await unknownRun(db, projectId, key);
  return row.id;
}

async function one(db: Queries, scope: Scope, key: string): Promise<RunInfo> {
  const [row] = await listRuns(db, scope, { keys: [key] });
  if (row === undefined) throw await unknownRun(db, scope.projectId, key);
  return row;
}

function addedParams(
  run: string,
  old: Record<string, ParamValue>,
  added: Record<string, ParamValue>,
): Record<string, ParamValue> {
  for (const [name, value] of Object.entries(added))
    if (Object.hasOwn(old, name) && old[name] !== value)
      throw fail('conflict', {
        what: `The parameter '${name}' of the run '${run}'`,
        reason: `is ${JSON.stringify(old[name])} and would become ${JSON.stringify(value)}`,
        fix: 'Parameters are what a run began with. Begin another run, or use a tag.',
      });
  return { ...old, ...added };
}

/** Errors: `conflict`. */
function checkTags(run: string, tags: Readonly<Record<string, string>>, where: Readonly<Record<string, string | null>>): void {
  for (const [name, wanted] of Object.entries(where))
    if ((tags[name] ?? null) !== wanted)
      throw fail('conflict', {
        what: `The tag '${name}' of the run '${run}'`,
        reason: `is ${JSON.stringify(tags[name] ?? null)}, not ${JSON.stringify(wanted)}`,
        fix: 'Somebody else changed it: read the run again.',
      });
}

function changedTags(old: Record<string, string>, change: Readonly<Record<string, string | null>>): Record<string, string> {
  const added = Object.entries(change).filter((entry): entry is [string, string] => entry[1] !== null);
  const left = Object.entries(old).filter(([name]) => change[name] !== null);
  return { ...Object.fromEntries(left), ...tagsOf(Object.fromEntries(added)) };
}
