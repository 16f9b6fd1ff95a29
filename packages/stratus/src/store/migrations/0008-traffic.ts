import type { Migration } from './migration.ts';

/** How requests to a model are spread over its versions, and who said so. */
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
    ...appendOnly('traffic_changes', ['model_id', 'number'], '1 = 0'),
  ],
};
