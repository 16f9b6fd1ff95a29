import type { Migration } from './migration.ts';

/** Projects, and what training learned: runs, their metrics, logs and artifacts. */
export const runs: Migration = {
  name: 'runs',
  statements: ({ id, bytes, name }) => [
    `CREATE TABLE projects (
      id ${id},
      name ${name} NOT NULL UNIQUE,
      created_at BIGINT NOT NULL
    )`,
    `CREATE TABLE runs (
      id ${id},
      project_id BIGINT NOT NULL REFERENCES projects (id),
      key ${name} NOT NULL,
      name ${name} NOT NULL,
      parent_id BIGINT REFERENCES runs (id),
      status TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      finished_at BIGINT,
      seen_at BIGINT NOT NULL,
      error TEXT,
      params TEXT NOT NULL,
      tags TEXT NOT NULL,
      notes TEXT NOT NULL,
      code TEXT,
      data TEXT,
      environment TEXT,
      seed BIGINT,
      UNIQUE (project_id, key)
    )`,
    'CREATE INDEX runs_of_parent ON runs (parent_id)',
    `CREATE TABLE series (
      id ${id},
      run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      name ${name} NOT NULL,
      points BIGINT NOT NULL,
      tail BIGINT NOT NULL,
      last_step BIGINT,
      last_value DOUBLE PRECISION,
      last_at BIGINT,
      min_value DOUBLE PRECISION,
      min_step BIGINT,
      max_value DOUBLE PRECISION,
      max_step BIGINT,
      UNIQUE (run_id, name)
    )`,
    `CREATE TABLE chunks (
      series_id BIGINT NOT NULL REFERENCES series (id) ON DELETE CASCADE,
      start BIGINT NOT NULL,
      points BIGINT NOT NULL,
      data ${bytes} NOT NULL,
      summary ${bytes} NOT NULL,
      PRIMARY KEY (series_id, start)
    )`,
    `CREATE TABLE logs (
      id ${id},
      run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      stream TEXT NOT NULL,
      at BIGINT NOT NULL,
      text TEXT NOT NULL
    )`,
    'CREATE INDEX logs_of_run ON logs (run_id, id)',
    `CREATE TABLE artifacts (
      run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      path ${name} NOT NULL,
      digest TEXT NOT NULL,
      bytes BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (run_id, path)
    )`,
  ],
};
