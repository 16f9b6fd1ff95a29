import type { Migration } from './migration.ts';

/** How far each writer of metrics has come in a run, so that what is sent a second time is known. */
export const writers: Migration = {
  name: 'writers',
  statements: ({ name }) => [
    `CREATE TABLE writers (
      run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      writer ${name} NOT NULL,
      sequence BIGINT NOT NULL,
      PRIMARY KEY (run_id, writer)
    )`,
  ],
};
