import { aliasName } from './aliases.ts';
import { checkTitle } from './names.ts';
import { type Json, jsonOf } from './run-values.ts';
import { heldModelId, modelId, type Scope } from './scope.ts';

/** What somebody declared that a version has to pass. */
export interface GatesInfo {
  /** From 1, without gaps. */
  readonly number: number;
  /** As they were given; the store does not know what they mean. */
  readonly rules: Json;
  readonly at: Date;
  readonly by: string;
}

/** What versions have to pass before an alias of a model moves to them. An alias need not be there yet. */
export interface Gates {
  /** Declares them from now on; what was declared before stays in the history. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  declare(model: string, alias: string, rules: Json, options?: { readonly by?: string }): Promise<GatesInfo>;
  /** All declarations, the newest first: that one counts. Errors: as `declare`. */
  history(model: string, alias: string): Promise<readonly GatesInfo[]>;
}

/** @internal */
export const gatesOf = (scope: Scope): Gates => ({
  async declare(model, alias, rules, options = {}) {
    const name = aliasName(alias);
    const row = { alias: name, rules: jsonOf(rules, 'rules'), at: Date.now(), by: checkTitle('by', options.by ?? scope.actor) };
    return await scope.database.write('Declaring gates in', async (db) => {
      const id = await heldModelId(db, scope, model);
      const { last } = await db
        .selectFrom('gates')
        .select((e) => e.fn.coalesce(e.fn.max('number'), e.lit(0)).as('last'))
        .where('model_id', '=', id)
        .where('alias', '=', name)
        .executeTakeFirstOrThrow();
      const number = last + 1;
      await db
        .insertInto('gates')
        .values({ ...row, model_id: id, number })
        .execute();
      return infoOf({ ...row, number });
    });
  },

  history: (model, alias) =>
    scope.database.read('Reading the gates of', async (db) => {
      const all = db
        .selectFrom('gates')
        .selectAll()
        .where('model_id', '=', await modelId(db, scope, model))
        .where('alias', '=', aliasName(alias));
      return (await all.orderBy('number', 'desc').execute()).map(infoOf);
    }),
});

const infoOf = ({ number, rules, at, by }: { number: number; rules: string; at: number; by: string }): GatesInfo => ({
  number,
  rules: JSON.parse(rules) as Json,
  at: new Date(at),
  by,
});
