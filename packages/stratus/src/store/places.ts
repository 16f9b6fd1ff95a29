import { fail } from '@stratus/core';
import type { Queries } from './database.ts';
import { unknown } from './names.ts';
import type { Scope } from './scope.ts';

/** Makes experiment 0 where it is not there, and holds it until the transaction ends: who makes another one takes the next number from it. */
export async function lockExperiments(db: Queries, { projectId }: Scope, more: 0 | 1): Promise<number> {
  const now = Date.now();
  const row = { project_id: projectId, number: 0, name: 'Default', tags: '{}', made: more, created_at: now, changed_at: now };
  const { made } = await db
    .insertInto('experiments')
    .values(row)
    .onConflict((c) => c.columns(['project_id', 'number']).doUpdateSet((e) => ({ made: e('experiments.made', '+', more) })))
    .returning('made')
    .executeTakeFirstOrThrow();
  return made;
}

/** Errors: `unknown-name`. */
export async function unknownExperiment(db: Queries, { projectId }: Scope, number: number): Promise<Error> {
  const rows = await db
    .selectFrom('experiments')
    .select('number')
    .where('project_id', '=', projectId)
    .orderBy('number')
    .limit(100)
    .execute();
  return unknown(
    'experiment',
    String(number),
    rows.map((row) => String(row.number)),
  );
}

/** Sees to it that something new may be put into an experiment. Errors: `unknown-name`, `conflict` for an experiment that was deleted. */
export async function placeExists(db: Queries, scope: Scope, experiment: number): Promise<void> {
  if (experiment === 0) await lockExperiments(db, scope, 0);
  const found = await db
    .selectFrom('experiments')
    .select('deleted_at')
    .where('project_id', '=', scope.projectId)
    .where('number', '=', experiment)
    .executeTakeFirst();
  if (found === undefined) throw await unknownExperiment(db, scope, experiment);
  if (found.deleted_at !== null)
    throw fail('conflict', {
      what: `The experiment ${experiment}`,
      reason: 'was deleted',
      fix: 'Restore it, or choose another one.',
    });
}

/** Puts a run that is new into its experiment. Errors: as `placeExists`. */
export async function placeRun(
  db: Queries,
  scope: Scope,
  run: number,
  { experiment = 0, startedAt }: { readonly experiment?: number; readonly startedAt?: Date },
): Promise<void> {
  await placeExists(db, scope, experiment);
  await db
    .insertInto('run_places')
    .values({ run_id: run, project_id: scope.projectId, experiment, started_at: startedAt?.getTime() ?? null, flow: '{}' })
    .execute();
}
