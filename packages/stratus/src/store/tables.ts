import type { ColumnType, Generated } from 'kysely';

// What the tables hold, for the query builder. The migrations make them; this file follows the newest one. Times are milliseconds since 1970.

/** Set once. */
type Fixed<T> = ColumnType<T, T, never>;

interface Projects {
  id: Generated<number>;
  name: Fixed<string>;
  created_at: Fixed<number>;
}

/** `params`, `tags`, `code`, `data`, `environment` are JSON. `key` is what people call a run by. */
interface Runs {
  id: Generated<number>;
  project_id: Fixed<number>;
  key: Fixed<string>;
  name: string;
  parent_id: Fixed<number | null>;
  status: string;
  created_at: Fixed<number>;
  finished_at: number | null;
  seen_at: number;
  error: string | null;
  params: string;
  tags: string;
  notes: string;
  code: string | null;
  data: string | null;
  environment: string | null;
  seed: number | null;
}

/** One metric of one run: where its points end, and what lists of runs are sorted by. NaN is stored as NULL. */
interface Series {
  id: Generated<number>;
  run_id: number;
  name: string;
  points: number;
  tail: number;
  last_step: number | null;
  last_value: number | null;
  last_at: number | null;
  min_value: number | null;
  min_step: number | null;
  max_value: number | null;
  max_step: number | null;
}

/** Points number `start` to `start + points - 1` of a series (`chunk.ts`). */
interface Chunks {
  series_id: Fixed<number>;
  start: Fixed<number>;
  points: Fixed<number>;
  data: Fixed<Uint8Array>;
  summary: Fixed<Uint8Array>;
}

/** The number of the last call of each writer that said who it is. */
interface Writers {
  run_id: Fixed<number>;
  writer: Fixed<string>;
  sequence: number;
}

interface Logs {
  id: Generated<number>;
  run_id: Fixed<number>;
  stream: Fixed<string>;
  at: Fixed<number>;
  text: Fixed<string>;
}

interface Artifacts {
  run_id: Fixed<number>;
  path: Fixed<string>;
  digest: string;
  bytes: number;
  created_at: number;
}

interface Models {
  id: Generated<number>;
  project_id: Fixed<number>;
  name: Fixed<string>;
  notes: string;
  last_version: number;
  created_at: Fixed<number>;
}

/** Nothing of a version ever changes. */
interface Versions {
  model_id: Fixed<number>;
  number: Fixed<number>;
  digest: Fixed<string>;
  bytes: Fixed<number>;
  run_id: Fixed<number | null>;
  signature: Fixed<string | null>;
  metrics: Fixed<string>;
  data: Fixed<string | null>;
  code: Fixed<string | null>;
  notes: Fixed<string>;
  created_at: Fixed<number>;
  created_by: Fixed<string>;
}

/** Where an alias points now: the version of its newest move, NULL when it was taken away. */
interface Aliases {
  model_id: Fixed<number>;
  name: Fixed<string>;
  version: number | null;
  moves: number;
}

/** Rows are only ever added. */
interface AliasMoves {
  model_id: Fixed<number>;
  alias: Fixed<string>;
  number: Fixed<number>;
  version: Fixed<number | null>;
  previous: Fixed<number | null>;
  at: Fixed<number>;
  by: Fixed<string>;
  reason: Fixed<string>;
}

interface SchemaVersions {
  number: Fixed<number>;
  name: Fixed<string>;
  applied_at: Fixed<number>;
}

export interface Tables {
  projects: Projects;
  runs: Runs;
  series: Series;
  chunks: Chunks;
  writers: Writers;
  logs: Logs;
  artifacts: Artifacts;
  models: Models;
  versions: Versions;
  aliases: Aliases;
  alias_moves: AliasMoves;
  schema_versions: SchemaVersions;
}
