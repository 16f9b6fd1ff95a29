import { type RawBuilder, type SqlBool, sql } from 'kysely';

/** Of rows with a path: it itself, and what lies below it. LIKE would read what is in a path as a pattern. */
export const within = (path: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`(path = ${path} or substr(path, 1, ${sql.lit([...path].length + 1)}) = ${`${path}/`})`;
