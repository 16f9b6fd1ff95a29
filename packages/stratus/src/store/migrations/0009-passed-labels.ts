import type { Migration } from './migration.ts';

/** Labels of requests that another server has answered: they wait here until it takes them. */
export const passedLabels: Migration = {
  name: 'passed labels',
  statements: ({ id }) => [
    `CREATE TABLE passed_labels (
      id ${id},
      model_id BIGINT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
      request_id TEXT NOT NULL,
      label TEXT NOT NULL,
      at BIGINT NOT NULL
    )`,
    'CREATE INDEX passed_labels_by_model ON passed_labels (model_id, id)',
  ],
};
