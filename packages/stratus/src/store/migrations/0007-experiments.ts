import type { Migration } from './migration.ts';

/** What protocols of others know and Stratus had no place for: experiments, what may change of models and versions, folders of files, models that runs logged. */
export const experiments: Migration = {
  name: 'experiments',
  statements: ({ name }) => [
    `CREATE TABLE experiments (
      project_id BIGINT NOT NULL REFERENCES projects (id),
      number BIGINT NOT NULL,
      name ${name} NOT NULL,
      tags TEXT NOT NULL,
      made BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      changed_at BIGINT NOT NULL,
      deleted_at BIGINT,
      PRIMARY KEY (project_id, number),
      UNIQUE (project_id, name)
    )`,
    `CREATE TABLE run_places (
      run_id BIGINT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
      project_id BIGINT NOT NULL,
      experiment BIGINT NOT NULL,
      started_at BIGINT,
      ended_at BIGINT,
      deleted_at BIGINT,
      flow TEXT NOT NULL,
      FOREIGN KEY (project_id, experiment) REFERENCES experiments (project_id, number)
    )`,
    'CREATE INDEX run_places_of_experiment ON run_places (project_id, experiment)',
    `CREATE TABLE labels (
      model_id BIGINT NOT NULL REFERENCES models (id),
      number BIGINT NOT NULL,
      tags TEXT NOT NULL,
      facts TEXT NOT NULL,
      changed_at BIGINT NOT NULL,
      deleted_at BIGINT,
      PRIMARY KEY (model_id, number)
    )`,
    `CREATE TABLE folders (
      project_id BIGINT NOT NULL REFERENCES projects (id),
      folder ${name} NOT NULL,
      path ${name} NOT NULL,
      digest TEXT NOT NULL,
      bytes BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (project_id, folder, path)
    )`,
    `CREATE TABLE logged_models (
      project_id BIGINT NOT NULL,
      key ${name} NOT NULL,
      experiment BIGINT NOT NULL,
      facts TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      changed_at BIGINT NOT NULL,
      deleted_at BIGINT,
      PRIMARY KEY (project_id, key),
      FOREIGN KEY (project_id, experiment) REFERENCES experiments (project_id, number)
    )`,
  ],
};
