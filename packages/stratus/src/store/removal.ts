import type { Queries } from './database.ts';

/** Why a run has to stay, or undefined. */
export async function keepsRun(db: Queries, id: number): Promise<string | undefined> {
  const version = await db
    .selectFrom('versions')
    .innerJoin('models', 'models.id', 'versions.model_id')
    .select(['models.name', 'versions.number'])
    .where('versions.run_id', '=', id)
    .orderBy('models.name')
    .orderBy('versions.number')
    .executeTakeFirst();
  if (version) return `made version ${version.number} of the model '${version.name}'`;
  const child = await db.selectFrom('runs').select('key').where('parent_id', '=', id).orderBy('id').executeTakeFirst();
  return child && `is the parent of the run '${child.key}'`;
}
