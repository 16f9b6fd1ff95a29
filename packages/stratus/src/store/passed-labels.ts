import { checkText } from './names.ts';
import { type Json, jsonOf } from './run-values.ts';
import { heldModelId, type Scope } from './scope.ts';

/** A label of a request to a model, for the server that has answered it. */
export interface PassedLabel {
  readonly id: number;
  readonly model: string;
  readonly requestId: string;
  readonly label: Json;
}

/** Labels on their way between the servers of one registry. */
export interface PassedLabels {
  /** Leaves labels for the server that knows their requests; of each model the last 10,000 wait, for an hour. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  leave(model: string, labels: readonly { readonly requestId: string; readonly label: unknown }[]): Promise<void>;
  /** Those that wait with an id above `after`, the oldest first, a thousand at most. Errors: `database-failed`. */
  waiting(after: number): Promise<readonly PassedLabel[]>;
  /** They were taken: nobody else gets them. Errors: `database-failed`. */
  taken(ids: readonly number[]): Promise<void>;
}

const [mostWaiting, keptMs, mostAtOnce] = [10_000, 3_600_000, 1000];

/** @internal */
export const passedLabelsOf = (scope: Scope): PassedLabels => ({
  async leave(model, labels) {
    const { now } = scope.database; // one clock for all machines
    const left = labels.map(({ requestId, label }) => ({
      request_id: checkText('the id of a request', requestId, 128),
      label: jsonOf(label as Json, `the label of ${requestId}`),
      at: now,
    }));
    await scope.database.write('Leaving labels in', async (db) => {
      const id = await heldModelId(db, scope, model);
      for (let i = 0; i < left.length; i += mostAtOnce)
        await db
          .insertInto('passed_labels')
          .values(left.slice(i, i + mostAtOnce).map((row) => ({ ...row, model_id: id })))
          .execute();
      const newest = db
        .selectFrom('passed_labels')
        .select('id')
        .where('model_id', '=', id)
        .orderBy('id', 'desc')
        .limit(mostWaiting);
      await db
        .deleteFrom('passed_labels')
        .where('model_id', '=', id)
        .where((e) => e.or([e(e('at', '+', keptMs), '<', now), e('id', 'not in', newest)]))
        .execute();
    });
  },

  waiting: (after) =>
    scope.database.read('Reading the labels of', async (db) => {
      const rows = await db
        .selectFrom('passed_labels')
        .innerJoin('models', 'models.id', 'passed_labels.model_id')
        .select(['passed_labels.id', 'models.name', 'passed_labels.request_id', 'passed_labels.label'])
        .where('models.project_id', '=', scope.projectId)
        .where('passed_labels.id', '>', after)
        .orderBy('passed_labels.id')
        .limit(mostAtOnce)
        .execute();
      return rows.map(({ id, name, request_id, label }) => ({
        id,
        model: name,
        requestId: request_id,
        label: JSON.parse(label) as Json,
      }));
    }),

  async taken(ids) {
    if (ids.length === 0) return;
    await scope.database.write('Taking labels from', (db) => db.deleteFrom('passed_labels').where('id', 'in', ids).execute());
  },
});
