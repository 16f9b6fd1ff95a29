import { fail } from '@stratus/core';
import type { Queries } from './database.ts';
import { unknown } from './names.ts';

/** The number of a version that was asked for: 3, '3', '@production', 'production', 'latest'. Errors: `unknown-name`, `bad-value`. */
export async function versionNumber(db: Queries, model: { id: number; name: string }, wanted: number | string): Promise<number> {
  const text = String(wanted).replace(/^@/, '');
  const versions = db.selectFrom('versions').select('number').where('model_id', '=', model.id);
  if (/^\d{1,15}$/.test(text) || text === 'latest') {
    const found =
      text === 'latest'
        ? await versions.orderBy('number', 'desc').executeTakeFirst()
        : await versions.where('number', '=', Number(text)).executeTakeFirst();
    if (found) return found.number;
    const { last } = await db
      .selectFrom('models')
      .select('last_version as last')
      .where('id', '=', model.id)
      .executeTakeFirstOrThrow();
    throw unknown(`version of the model ${model.name}`, text, last === 0 ? [] : [last === 1 ? '1' : `1 to ${last}`]);
  }
  if (typeof wanted === 'number')
    throw fail('bad-value', { what: 'a version', got: String(wanted), want: 'a whole number from 1' });
  const aliases = await db
    .selectFrom('aliases')
    .select(['name', 'version'])
    .where('model_id', '=', model.id)
    .orderBy('name')
    .execute();
  const pointing = aliases.filter(({ version }) => version !== null);
  const found = pointing.find(({ name }) => name === text)?.version;
  if (found == null)
    throw unknown(
      `alias of the model ${model.name}`,
      text,
      pointing.map(({ name }) => name),
    );
  return found;
}
