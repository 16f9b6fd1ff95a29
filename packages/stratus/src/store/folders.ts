import { checkDigest, checkTitle, checkWhole } from './names.ts';
import { within } from './paths.ts';
import type { Scope } from './scope.ts';

/** A file of a folder: where it lies among the blobs. */
export interface FolderFile {
  readonly path: string;
  readonly digest: string;
  readonly bytes: number;
}

/** Files that belong to something else than a run, in folders with names. A blob that is named here is kept. */
export interface Folders {
  /** Those that are there already are replaced. Errors: `bad-value`, `database-failed`. */
  put(folder: string, files: readonly FolderFile[]): Promise<void>;
  /** By path; empty where there is no such folder. Errors: `database-failed`. */
  list(folder: string): Promise<readonly FolderFile[]>;
  /** Takes a path and what lies below it away, everything where it is ''; how many files that were. Errors: `database-failed`. */
  remove(folder: string, path: string): Promise<number>;
}

const atOnce = 100;

/** @internal */
export const foldersOf = (scope: Scope): Folders => ({
  async put(folder, files) {
    const created_at = Date.now();
    const rows = files.map(({ path, digest, bytes }) => ({
      project_id: scope.projectId,
      folder: checkTitle('the name of a folder', folder),
      path: checkTitle('the path of a file', path),
      digest: checkDigest('the digest of a file', digest),
      bytes: checkWhole('the bytes of a file', bytes),
      created_at,
    }));
    await scope.database.write('Adding files to', async (db) => {
      for (let from = 0; from < rows.length; from += atOnce)
        await db
          .insertInto('folders')
          .values(rows.slice(from, from + atOnce))
          .onConflict((c) =>
            c.columns(['project_id', 'folder', 'path']).doUpdateSet((e) => ({
              digest: e.ref('excluded.digest'),
              bytes: e.ref('excluded.bytes'),
              created_at: e.ref('excluded.created_at'),
            })),
          )
          .execute();
    });
  },

  list: (folder) =>
    scope.database.read('Listing a folder of', (db) =>
      db
        .selectFrom('folders')
        .select(['path', 'digest', 'bytes'])
        .where('project_id', '=', scope.projectId)
        .where('folder', '=', folder)
        .orderBy('path')
        .execute(),
    ),

  remove: (folder, path) =>
    scope.database.write('Taking files from', async (db) => {
      const all = db.deleteFrom('folders').where('project_id', '=', scope.projectId).where('folder', '=', folder);
      const gone = await (path === '' ? all : all.where(within(path))).executeTakeFirst();
      return Number(gone.numDeletedRows);
    }),
});
