import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { fail, lookUp } from '@stratus/core';
import type { Selectable } from 'kysely';
import type { Queries } from './database.ts';
import { checkTitle, newKey, unknown } from './names.ts';
import type { Scope } from './scope.ts';
import type { Tables } from './tables.ts';

/** What a token allows; each one allows what those before it do: to look, to write runs and versions, to move aliases, to give tokens. */
export type Role = 'viewer' | 'trainer' | 'deployer' | 'admin';
export const roles: readonly Role[] = ['viewer', 'trainer', 'deployer', 'admin'];

/** What a token is made of. */
export interface NewToken {
  /** Who or what will use it: 'ann', 'nightly training'. It stands in histories. */
  readonly name: string;
  readonly role: Role;
  /** Of all projects, also those that come; only for an admin. */
  readonly allProjects?: boolean;
  /** Never where it is left out. */
  readonly expiresAt?: Date;
  /** Who the store was opened by, where it is left out. */
  readonly by?: string;
}

/** What is known of a token; its secret is not. */
export interface TokenInfo {
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  /** Undefined: all. */
  readonly project: string | undefined;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly expiresAt: Date | undefined;
  /** To the minute. */
  readonly usedAt: Date | undefined;
  readonly revokedAt: Date | undefined;
}

/** The tokens of a store: who may ask a server about it. */
export interface Tokens {
  /** The secret is shown here and never again. Errors: `bad-value`, `unknown-name`, `database-failed`. */
  create(token: NewToken): Promise<{ readonly secret: string; readonly info: TokenInfo }>;
  /** Those of this project, and with `all` those of all projects together; the oldest first, also expired and revoked ones. Errors: `database-failed`. */
  list(options?: { readonly all?: boolean }): Promise<readonly TokenInfo[]>;
  /** Ends a token for good; one that has ended stays as it is. `all`: it need not be of this project. Errors: `unknown-name`, `database-failed`. */
  revoke(key: string, options?: { readonly all?: boolean }): Promise<TokenInfo>;
  /** The token with this secret, in whatever project, if it counts now. Errors: `not-authorized`, `database-failed`. */
  verify(secret: string): Promise<TokenInfo>;
  /** Whether any token was ever made, in any project. Errors: `database-failed`. */
  any(): Promise<boolean>;
}

const secretPattern = /^st_[A-Za-z0-9_-]{43}$/;
const usedToMs = 60_000;

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

type Row = Selectable<Tables['tokens']> & { readonly project: string | null };

const dated = (ms: number | null): Date | undefined => (ms === null ? undefined : new Date(ms));

const infoOf = (row: Row): TokenInfo => ({
  key: row.key,
  name: row.name,
  role: row.role as Role,
  project: row.project ?? undefined,
  createdAt: new Date(row.created_at),
  createdBy: row.created_by,
  expiresAt: dated(row.expires_at),
  usedAt: dated(row.used_at),
  revokedAt: dated(row.revoked_at),
});

const select = (db: Queries) =>
  db
    .selectFrom('tokens')
    .leftJoin('projects', 'projects.id', 'tokens.project_id')
    .selectAll('tokens')
    .select('projects.name as project');

const listed = (db: Queries, { projectId }: Scope, all: boolean): Promise<Row[]> => {
  const rows = select(db).orderBy('tokens.id');
  return (all ? rows : rows.where('tokens.project_id', '=', projectId)).execute();
};

const refused = (reason: string) =>
  fail('not-authorized', { reason, fix: 'An admin of the project makes tokens: stratus tokens create.' });

/** @internal */
export const tokensOf = (scope: Scope): Tokens => ({
  async create({ name, role, allProjects = false, expiresAt, by }) {
    const secret = `st_${randomBytes(32).toString('base64url')}`;
    const row = {
      key: newKey(),
      hash: hashOf(secret),
      name: checkTitle('the name of a token', name),
      role: lookUp('role', Object.fromEntries(roles.map((r) => [r, r])), role),
      project_id: allProjects ? null : scope.projectId,
      created_at: Date.now(),
      created_by: checkTitle('by', by ?? scope.actor),
      expires_at: expiresAt?.getTime() ?? null,
    };
    if (allProjects && role !== 'admin')
      throw fail('bad-value', { what: 'allProjects of a token', got: `the role ${role}`, want: 'the role admin' });
    if (row.expires_at !== null && !(row.expires_at > row.created_at))
      throw fail('bad-value', { what: 'expiresAt of a token', got: String(expiresAt), want: 'a date that has not passed' });
    return await scope.database.write('Adding a token to', async (db) => {
      await db.insertInto('tokens').values(row).execute();
      return { secret, info: infoOf(await select(db).where('tokens.key', '=', row.key).executeTakeFirstOrThrow()) };
    });
  },

  list: ({ all = false } = {}) =>
    scope.database.read('Listing the tokens of', async (db) => (await listed(db, scope, all)).map(infoOf)),

  revoke: (key, { all = false } = {}) =>
    scope.database.write('Ending a token of', async (db) => {
      const rows = await listed(db, scope, all);
      const row = rows.find((one) => one.key === key);
      if (row === undefined)
        throw unknown(
          'token',
          key,
          rows.filter((one) => one.revoked_at === null).map((one) => one.key),
        );
      const revoked_at = row.revoked_at ?? Date.now();
      await db.updateTable('tokens').set({ revoked_at }).where('id', '=', row.id).execute();
      return infoOf({ ...row, revoked_at });
    }),

  async verify(secret) {
    if (!secretPattern.test(secret)) throw refused("This is no token: one begins with 'st_' and has 46 characters.");
    const hash = hashOf(secret);
    const row = await scope.database.read('Looking for a token in', (db) =>
      select(db).where('tokens.hash', '=', hash).executeTakeFirst(),
    );
    if (row === undefined || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) throw refused('There is no such token.');
    const now = Date.now();
    if (row.revoked_at !== null) throw refused('The token was revoked.');
    if (row.expires_at !== null && row.expires_at <= now) throw refused('The token has expired.');
    if (now - (row.used_at ?? 0) > usedToMs)
      await scope.database
        .write('Noting the use of a token in', (db) =>
          db.updateTable('tokens').set({ used_at: now }).where('id', '=', row.id).execute(),
        )
        .catch(() => undefined); // a store that cannot be written can still be looked at
    return infoOf(row);
  },

  any: () =>
    scope.database.read(
      'Looking for tokens in',
      async (db) => (await db.selectFrom('tokens').select('id').limit(1).executeTakeFirst()) !== undefined,
    ),
});
