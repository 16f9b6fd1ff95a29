import { checkDigest, checkTitle, checkWhole } from './names.ts';
import { within } from './paths.ts';
import { runId, type Scope } from './scope.ts';

/** A file that a run left: where it lies among the blobs. */
export interface Artifact {
  /** 'model.onnx', 'plots/loss.svg'. It is a name, not a place on a disk. */
  readonly path: string;
  readonly digest: string;
  readonly bytes: number;
  readonly createdAt: Date;
}

/** The files of the runs of a store. */
export interface Artifacts {
  /** A path that is there already is replaced. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  put(run: string, file: { readonly path: string; readonly digest: string; readonly bytes: number }): Promise<void>;
  /** By path. Errors: `unknown-name`, `database-failed`. */
  list(run: string): Promise<readonly Artifact[]>;
  /** Takes a path and what lies below it away, the whole list where it is ''; how many files that were. Errors: `unknown-name`, `database-failed`. */
  remove(run: string, path: string): Promise<number>;
}

/** @internal */
export const artifactsOf = (scope: Scope): Artifacts => ({
  async put(run, { path, digest, bytes }) {
    const row = {
      path: checkTitle('the path of an artifact', path),
      digest: checkDigest('the digest of an artifact', digest),
      bytes: checkWhole('the bytes of an artifact', bytes),
      created_at: Date.now(),
    };
    await scope.database.write('Adding an artifact to', async (db) => {
      await db
        .insertInto('artifacts')
        .values({ ...row, run_id: await runId(db, scope, run) })
        .onConflict((c) =>
          c.columns(['run_id', 'path']).doUpdateSet({ digest: row.digest, bytes: row.bytes, created_at: row.created_at }),
        )
        .execute();
    });
  },
  list: (run) =>
    scope.database.read('Listing the artifacts of', async (db) => {
      const rows = await db
        .selectFrom('artifacts')
        .select(['path', 'digest', 'bytes', 'created_at'])
        .where('run_id', '=', await runId(db, scope, run))
        .orderBy('path')
        .execute();
      return rows.map(({ created_at, ...row }) => ({ ...row, createdAt: new Date(created_at) }));
    }),
  remove: (run, path) =>
    scope.database.write('Taking artifacts from', async (db) => {
      const all = db.deleteFrom('artifacts').where('run_id', '=', await runId(db, scope, run));
      const gone = await (path === '' ? all : all.where(within(path))).executeTakeFirst();
      return Number(gone.numDeletedRows);
    }),
});
