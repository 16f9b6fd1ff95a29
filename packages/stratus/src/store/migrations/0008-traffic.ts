import type { Migration } from './migration.ts';

const inRemoved =
  'EXISTS (SELECT 1 FROM models JOIN projects ON projects.id = models.project_id WHERE models.id = OLD.model_id AND projects.removed_at IS NOT NULL)';

/** How requests to a model are spread over its versions, and who said so. Rows are only ever added; those of a project that is being removed may go. */
export const traffic: Migration = {
  name: 'traffic',
  statements: ({ appendOnly }) => [
    `CREATE TABLE traffic_changes (
      model_id BIGINT NOT NULL REFERENCES models (id),
      number BIGINT NOT NULL,
      rule TEXT,
      kind TEXT NOT NULL,
      by TEXT NOT NULL,
      why TEXT NOT NULL,
      at BIGINT NOT NULL,
      PRIMARY KEY (model_id, number)
    )`,
    ...appendOnly('traffic_changes', ['model_id', 'number'], inRemoved),
  ],
};
