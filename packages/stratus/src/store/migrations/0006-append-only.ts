import type { Migration } from './migration.ts';

/**
 * What a promotion had to pass, and history that the database itself keeps: versions, moves of aliases and declarations of gates are added and never changed.
 * Only those of a project that is being removed (`removed_at` is set) may go.
 */
export const appendOnly: Migration = {
  name: 'append-only',
  statements: ({ name, appendOnly: kept }) => {
    const inRemoved =
      'EXISTS (SELECT 1 FROM models JOIN projects ON projects.id = models.project_id WHERE models.id = OLD.model_id AND projects.removed_at IS NOT NULL)';
    return [
      'ALTER TABLE projects ADD COLUMN removed_at BIGINT',
      "ALTER TABLE alias_moves ADD COLUMN kind TEXT NOT NULL DEFAULT 'move'",
      'ALTER TABLE alias_moves ADD COLUMN gates TEXT',
      `CREATE TABLE gates (
        model_id BIGINT NOT NULL REFERENCES models (id),
        alias ${name} NOT NULL,
        number BIGINT NOT NULL,
        rules TEXT NOT NULL,
        at BIGINT NOT NULL,
        by TEXT NOT NULL,
        PRIMARY KEY (model_id, alias, number)
      )`,
      ...kept('versions', ['model_id', 'number'], inRemoved),
      ...kept('alias_moves', ['model_id', 'alias', 'number'], inRemoved),
      ...kept('gates', ['model_id', 'alias', 'number'], inRemoved),
    ];
  },
};
