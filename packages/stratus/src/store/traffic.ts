import { checkText, checkTitle } from './names.ts';
import { type Json, jsonOf } from './run-values.ts';
import { heldModelId, modelId, type Scope } from './scope.ts';

/** A change of a model's traffic rule. */
export interface TrafficRow {
  readonly model: string;
  /** From 1, without gaps. */
  readonly number: number;
  /** As it was given, null where it ended; the store does not know what it means. */
  readonly rule: Json | null;
  /** A roll-back puts back what held before the change before. */
  readonly kind: 'set' | 'rollback';
  readonly by: string;
  readonly why: string;
  readonly at: Date;
}

/** How the requests to models are spread over their versions. What was said stays in the history. */
export interface TrafficRules {
  /** From now on it holds. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  append(
    model: string,
    change: { readonly rule: unknown; readonly kind?: 'set' | 'rollback'; readonly by?: string; readonly why?: string },
  ): Promise<TrafficRow>;
  /** All changes, the newest first: that one holds. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  history(model: string): Promise<readonly TrafficRow[]>;
  /** The number of the newest change of each model that has any. Errors: `database-failed`. */
  numbers(): Promise<ReadonlyMap<string, number>>;
}

/** @internal */
export const trafficOf = (scope: Scope): TrafficRules => ({
  async append(model, { rule, kind = 'set', by, why = '' }) {
    const row = {
      rule: rule === null ? null : jsonOf(rule as Json, 'rule'),
      kind,
      by: checkTitle('by', by ?? scope.actor),
      why: checkText('why', why),
      at: Date.now(),
    };
    return await scope.database.write('Changing the traffic rules in', async (db) => {
      const id = await heldModelId(db, scope, model);
      const { last } = await db
        .selectFrom('traffic_changes')
        .select((e) => e.fn.coalesce(e.fn.max('number'), e.lit(0)).as('last'))
        .where('model_id', '=', id)
        .executeTakeFirstOrThrow();
      const number = last + 1;
      await db
        .insertInto('traffic_changes')
        .values({ ...row, model_id: id, number })
        .execute();
      return rowOf(model, { ...row, number });
    });
  },

  history: (model) =>
    scope.database.read('Reading the traffic rules of', async (db) => {
      const all = db
        .selectFrom('traffic_changes')
        .selectAll()
        .where('model_id', '=', await modelId(db, scope, model));
      return (await all.orderBy('number', 'desc').execute()).map((row) => rowOf(model, row));
    }),

  numbers: () =>
    scope.database.read('Reading the traffic rules of', async (db) => {
      const rows = await db
        .selectFrom('traffic_changes')
        .innerJoin('models', 'models.id', 'traffic_changes.model_id')
        .select((e) => ['models.name', e.fn.max('traffic_changes.number').as('number')])
        .where('models.project_id', '=', scope.projectId)
        .groupBy('models.name')
        .execute();
      return new Map(rows.map(({ name, number }) => [name, Number(number)]));
    }),
});

interface Kept {
  readonly number: number;
  readonly rule: string | null;
  readonly kind: string;
  readonly by: string;
  readonly why: string;
  readonly at: number;
}

const rowOf = (model: string, { number, rule, kind, by, why, at }: Kept): TrafficRow => ({
  model,
  number,
  rule: rule === null ? null : (JSON.parse(rule) as Json),
  kind: kind === 'rollback' ? 'rollback' : 'set',
  by,
  why,
  at: new Date(at),
});
