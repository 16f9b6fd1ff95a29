import { checkText, checkWhole, keepable } from './names.ts';
import { runId, type Scope, unknownRun } from './scope.ts';

/** A piece of what a run printed; it need not end with a line. */
export interface LogPiece {
  /** Where reading goes on after it. */
  readonly number: number;
  readonly stream: 'stdout' | 'stderr';
  readonly at: Date;
  readonly text: string;
}

/** What the runs of a store printed: only ever added to. */
export interface Logs {
  /** Errors: `unknown-name`, `bad-value` for a piece of more than a million characters, `database-failed`. */
  append(run: string, stream: LogPiece['stream'], text: string): Promise<void>;
  /** In order, those after the piece with number `after`, at most `limit` (1,000). Errors: `unknown-name`, `bad-value`, `database-failed`. */
  read(run: string, options?: { readonly after?: number; readonly limit?: number }): Promise<readonly LogPiece[]>;
  /** The number of the newest piece; 0 where there is none. Errors: `unknown-name`, `database-failed`. */
  last(run: string): Promise<number>;
}

/** @internal */
export const logsOf = (scope: Scope): Logs => ({
  async append(run, stream, text) {
    const clean = checkText('a piece of a log', typeof text === 'string' ? keepable(text) : text); // what a program prints is not its choice alone
    const row = { stream: stream === 'stderr' ? stream : ('stdout' as const), at: Date.now(), text: clean };
    await scope.database.write('Adding to a log of', async (db) => {
      // The row of the run is the lock: without it, of two writers the one with the higher number may be seen first, and who reads on after it would miss the other.
      const found = await db
        .updateTable('runs')
        .set((e) => ({ seen_at: e.ref('seen_at') }))
        .where('project_id', '=', scope.projectId)
        .where('key', '=', run)
        .returning('id')
        .executeTakeFirst();
      if (found === undefined) throw await unknownRun(db, scope.projectId, run);
      await db
        .insertInto('logs')
        .values({ ...row, run_id: found.id })
        .execute();
    });
  },
  read: async (run, { after = 0, limit = 1000 } = {}) => {
    checkWhole('after', after);
    checkWhole('limit', limit);
    return await scope.database.read('Reading a log of', async (db) => {
      const rows = await db
        .selectFrom('logs')
        .select(['id', 'stream', 'at', 'text'])
        .where('run_id', '=', await runId(db, scope, run))
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id, stream, at, text }) => ({
        number: id,
        stream: stream as LogPiece['stream'],
        at: new Date(at),
        text,
      }));
    });
  },
  last: (run) =>
    scope.database.read('Reading a log of', async (db) => {
      const id = await runId(db, scope, run);
      const newest = db.selectFrom('logs').select('id').where('run_id', '=', id).orderBy('id', 'desc');
      return (await newest.executeTakeFirst())?.id ?? 0;
    }),
});
