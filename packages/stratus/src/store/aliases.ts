import { fail, lookUp } from '@stratus/core';
import type { Queries } from './database.ts';
import { checkName, checkText, checkTitle, checkWhole, unknown } from './names.ts';
import { type Json, jsonOf } from './run-values.ts';
import { modelId, type Scope } from './scope.ts';
import { versionNumber } from './versions.ts';

/** How a move came about: by decision, or back to what was before. */
export type MoveKind = 'move' | 'rollback';

/** Who moves an alias, and why. */
export interface MoveOptions {
  /** Who the store was opened by, where it is left out. */
  readonly by?: string;
  readonly reason?: string;
  /** The version that the alias has to have before; undefined: none. Where it is given and somebody else was faster, nothing is moved. */
  readonly expect?: number | undefined;
  /** 'move' where it is left out. */
  readonly kind?: MoveKind;
  /** What was checked before, as it came out: it is kept with the move. */
  readonly gates?: Json;
}

/** One move of an alias: it stays for good. */
export interface AliasMove {
  readonly alias: string;
  /** From 1, without gaps. */
  readonly number: number;
  /** Undefined where the alias was taken away. */
  readonly version: number | undefined;
  readonly previous: number | undefined;
  /** Never before the move before it, whatever the clocks of several machines say. */
  readonly at: Date;
  readonly by: string;
  readonly reason: string;
  readonly kind: MoveKind;
  /** What was checked before; undefined where nothing was. */
  readonly gates: Json | undefined;
}

/** The names that point to versions of models, and all that ever happened to them. An alias is written with or without '@'. */
export interface Aliases {
  /** Lets an alias point to a version. Errors: `unknown-name`, `bad-value`, `conflict` where `expect` is not met, `database-failed`. */
  move(model: string, alias: string, version: number | string, options?: MoveOptions): Promise<AliasMove>;
  /** Takes an alias away; its history stays. Errors: as `move`. */
  remove(model: string, alias: string, options?: MoveOptions): Promise<AliasMove>;
  /** The moves of a model, or of one alias of it, the newest first. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  history(model: string, alias?: string): Promise<readonly AliasMove[]>;
  /** The version that an alias had at a time; undefined: none. Errors: as `history`. */
  at(model: string, alias: string, time: Date): Promise<number | undefined>;
}

/** 'production' of '@production'. Whole numbers and 'latest' mean versions already. Errors: `bad-value`. */
export function aliasName(alias: string): string {
  const name = checkName('the name of an alias', typeof alias === 'string' ? alias.replace(/^@/, '') : alias);
  if (name !== 'latest' && !/^\d+$/.test(name)) return name;
  throw fail('bad-value', {
    what: 'the name of an alias',
    got: `'${name}', which means a version already`,
    want: 'another name',
  });
}

/** @internal */
export const aliasesOf = (scope: Scope): Aliases => {
  const move = async (
    model: string,
    alias: string,
    version: number | string | undefined,
    options: MoveOptions,
  ): Promise<AliasMove> => {
    const name = aliasName(alias);
    const by = checkTitle('by', options.by ?? scope.actor);
    const reason = checkText('reason', options.reason ?? '');
    const kind = lookUp('kind of move', { move: 'move', rollback: 'rollback' } as const, options.kind ?? 'move');
    const gates = options.gates === undefined ? null : jsonOf(options.gates, 'gates');
    if (options.expect !== undefined) checkWhole('expect', options.expect, 1);
    return await scope.database.write('Moving an alias of', async (db) => {
      const id = await modelId(db, scope, model);
      const number = version === undefined ? null : await versionNumber(db, { id, name: model }, version);
      const previous = await lock(db, id, name);
      if ('expect' in options && (options.expect ?? null) !== previous.version)
        throw fail('conflict', {
          what: `The alias '${name}' of the model '${model}'`,
          reason: `has ${shown(previous.version)}, not ${shown(options.expect ?? null)}`,
          fix: 'Somebody else moved it: look at its history, and decide again.',
        });
      if (version === undefined && previous.version === null) throw await unknownAlias(db, id, model, name);
      await db.updateTable('aliases').set({ version: number }).where('model_id', '=', id).where('name', '=', name).execute();
      const row = {
        model_id: id,
        alias: name,
        number: previous.moves,
        version: number,
        previous: previous.version,
        at: Math.max(Date.now(), previous.at),
        by,
        reason,
        kind,
        gates,
      };
      await db.insertInto('alias_moves').values(row).execute();
      return moveOf(row);
    });
  };
  return {
    move: (model, alias, version, options = {}) => move(model, alias, version, options),
    remove: (model, alias, options = {}) => move(model, alias, undefined, options),
    history: (model, alias) =>
      scope.database.read('Reading the aliases of', async (db) => {
        const id = await modelId(db, scope, model);
        const name = alias === undefined ? undefined : aliasName(alias);
        const rows = await movesOf(db, id, name);
        if (name !== undefined && rows.length === 0) throw await unknownAlias(db, id, model, name);
        return rows.map(moveOf);
      }),
    at: (model, alias, time) =>
      scope.database.read('Reading the aliases of', async (db) => {
        const id = await modelId(db, scope, model);
        const rows = await movesOf(db, id, aliasName(alias));
        if (rows.length === 0) throw await unknownAlias(db, id, model, aliasName(alias));
        return rows.find((row) => row.at <= time.getTime())?.version ?? undefined;
      }),
  };
};

const shown = (version: number | null): string => (version === null ? 'no version' : `version ${version}`);

interface MoveRow {
  readonly alias: string;
  readonly number: number;
  readonly version: number | null;
  readonly previous: number | null;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  readonly kind: string;
  readonly gates: string | null;
}

const moveOf = ({ alias, number, version, previous, at, by, reason, kind, gates }: MoveRow): AliasMove => ({
  alias,
  number,
  version: version ?? undefined,
  previous: previous ?? undefined,
  at: new Date(at),
  by,
  reason,
  kind: kind as MoveKind,
  gates: gates === null ? undefined : (JSON.parse(gates) as Json),
});

const movesOf = (db: Queries, model: number, alias: string | undefined): Promise<MoveRow[]> => {
  const all = db.selectFrom('alias_moves').selectAll().where('model_id', '=', model);
  const wanted = alias === undefined ? all : all.where('alias', '=', alias);
  return wanted.orderBy('at', 'desc').orderBy('alias').orderBy('number', 'desc').execute();
};

/** Holds an alias, which may be new, until the transaction ends: its version, the number of the next move, and when the last one was. */
async function lock(db: Queries, model: number, name: string): Promise<{ version: number | null; moves: number; at: number }> {
  const row = await db
    .insertInto('aliases')
    .values({ model_id: model, name, version: null, moves: 1 })
    .onConflict((c) => c.columns(['model_id', 'name']).doUpdateSet((e) => ({ moves: e('aliases.moves', '+', 1) })))
    .returning(['version', 'moves'])
    .executeTakeFirstOrThrow();
  const last = await db
    .selectFrom('alias_moves')
    .select('at')
    .where('model_id', '=', model)
    .where('alias', '=', name)
    .orderBy('number', 'desc')
    .executeTakeFirst();
  return { ...row, at: last?.at ?? 0 };
}

async function unknownAlias(db: Queries, model: number, name: string, alias: string): Promise<Error> {
  const rows = await db
    .selectFrom('aliases')
    .select('name')
    .where('model_id', '=', model)
    .where('version', 'is not', null)
    .orderBy('name')
    .execute();
  return unknown(
    `alias of the model ${name}`,
    alias,
    rows.map((row) => row.name),
  );
}
