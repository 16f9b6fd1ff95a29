import type { Migration } from './migration.ts';

/** Who may ask a server: tokens, of which only a hash is kept. And which blobs a project has sent and not yet named. */
export const tokens: Migration = {
  name: 'tokens',
  statements: ({ id, name }) => [
    `CREATE TABLE tokens (
      id ${id},
      key ${name} NOT NULL UNIQUE,
      hash TEXT NOT NULL UNIQUE,
      name ${name} NOT NULL,
      role TEXT NOT NULL,
      project_id BIGINT REFERENCES projects (id),
      created_at BIGINT NOT NULL,
      created_by TEXT NOT NULL,
      expires_at BIGINT,
      used_at BIGINT,
      revoked_at BIGINT
    )`,
    'CREATE INDEX tokens_of_project ON tokens (project_id)',
    `CREATE TABLE uploads (
      project_id BIGINT NOT NULL REFERENCES projects (id),
      digest ${name} NOT NULL,
      at BIGINT NOT NULL,
      PRIMARY KEY (project_id, digest)
    )`,
    'CREATE INDEX artifacts_by_digest ON artifacts (digest)',
    'CREATE INDEX versions_by_digest ON versions (digest)',
  ],
};
