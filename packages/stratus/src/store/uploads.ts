import { checkDigest } from './names.ts';
import type { Scope } from './scope.ts';

/**
 * Which blobs a project may name and read. Blobs have no owner: the same bytes are one blob. So who knows a digest is not thereby allowed to have the bytes; who
 * sent them is, and who names them already.
 */
export interface Uploads {
  /** The project has sent this blob, and has two days to name it. Errors: `bad-value`, `database-failed`. */
  note(digest: string): Promise<void>;
  /** Whether the project sent it, or a run or version of it names it. Errors: `bad-value`, `database-failed`. */
  owns(digest: string): Promise<boolean>;
}

const keptMs = 2 * 24 * 60 * 60 * 1000;

/** @internal */
export const uploadsOf = (scope: Scope): Uploads => ({
  async note(digest) {
    const row = { project_id: scope.projectId, digest: checkDigest('a digest', digest), at: Date.now() };
    await scope.database.write('Noting a blob in', async (db) => {
      await db
        .insertInto('uploads')
        .values(row)
        .onConflict((c) => c.columns(['project_id', 'digest']).doUpdateSet({ at: row.at }))
        .execute();
      await db
        .deleteFrom('uploads')
        .where('project_id', '=', scope.projectId)
        .where('at', '<', row.at - keptMs)
        .execute();
    });
  },

  async owns(digest) {
    checkDigest('a digest', digest);
    return await scope.database.read('Looking for a blob in', async (db) => {
      const uploads = db
        .selectFrom('uploads')
        .select('digest')
        .where('digest', '=', digest)
        .where('project_id', '=', scope.projectId)
        .where('at', '>=', Date.now() - keptMs);
      const artifacts = db
        .selectFrom('artifacts')
        .innerJoin('runs', 'runs.id', 'artifacts.run_id')
        .select('artifacts.digest')
        .where('artifacts.digest', '=', digest)
        .where('runs.project_id', '=', scope.projectId);
      const versions = db
        .selectFrom('versions')
        .innerJoin('models', 'models.id', 'versions.model_id')
        .select('versions.digest')
        .where('versions.digest', '=', digest)
        .where('models.project_id', '=', scope.projectId);
      const found = uploads.unionAll(artifacts).unionAll(versions).limit(1);
      return (await found.executeTakeFirst()) !== undefined;
    });
  },
});
