import type { Migration } from './migration.ts';

/** Models, their versions, and aliases with everything that ever happened to them. */
export const registry: Migration = {
  name: 'registry',
  statements: ({ id, name }) => [
    `CREATE TABLE models (
      id ${id},
      project_id BIGINT NOT NULL REFERENCES projects (id),
      name ${name} NOT NULL,
      notes TEXT NOT NULL,
      last_version BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      UNIQUE (project_id, name)
    )`,
    `CREATE TABLE versions (
      model_id BIGINT NOT NULL REFERENCES models (id),
      number BIGINT NOT NULL,
      digest TEXT NOT NULL,
      bytes BIGINT NOT NULL,
      run_id BIGINT REFERENCES runs (id),
      signature TEXT,
      metrics TEXT NOT NULL,
      data TEXT,
      code TEXT,
      notes TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT NOT NULL,
      PRIMARY KEY (model_id, number)
    )`,
    'CREATE INDEX versions_of_run ON versions (run_id)',
    `CREATE TABLE aliases (
      model_id BIGINT NOT NULL REFERENCES models (id),
      name ${name} NOT NULL,
      version BIGINT,
      moves BIGINT NOT NULL,
      PRIMARY KEY (model_id, name),
      FOREIGN KEY (model_id, version) REFERENCES versions (model_id, number)
    )`,
    `CREATE TABLE alias_moves (
      model_id BIGINT NOT NULL,
      alias ${name} NOT NULL,
      number BIGINT NOT NULL,
      version BIGINT,
      previous BIGINT,
      at BIGINT NOT NULL,
      by TEXT NOT NULL,
      reason TEXT NOT NULL,
      PRIMARY KEY (model_id, alias, number),
      FOREIGN KEY (model_id, alias) REFERENCES aliases (model_id, name)
    )`,
  ],
};
