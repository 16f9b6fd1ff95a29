import type { ColumnType, Generated } from 'kysely';

// What the tables hold, for the query builder. The migrations make them; this file follows the newest one. Times are milliseconds since 1970.

/** Set once. */
type Fixed<T> = ColumnType<T, T, never>;

interface Projects {
  id: Generated<number>;
  name: Fixed<string>;
  created_at: Fixed<number>;
  /** Set before a project is removed: versions and histories go with nothing else. */
  removed_at: Generated<number | null>;
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
  name: string;
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

/** Rows are only ever added. `gates` is JSON: what was checked before the move. */
interface AliasMoves {
  model_id: Fixed<number>;
  alias: Fixed<string>;
  number: Fixed<number>;
  version: Fixed<number | null>;
  previous: Fixed<number | null>;
  at: Fixed<number>;
  by: Fixed<string>;
  reason: Fixed<string>;
  kind: Fixed<string>;
  gates: Fixed<string | null>;
}

/** What a version has to pass before an alias moves to it: the newest row counts. Rows are only ever added. */
interface Gates {
  model_id: Fixed<number>;
  alias: Fixed<string>;
  number: Fixed<number>;
  rules: Fixed<string>;
  at: Fixed<number>;
  by: Fixed<string>;
}

/** `label` is JSON. Rows go when their label was taken, or nobody has taken it for long. */
interface PassedLabels {
  id: Generated<number>;
  model_id: Fixed<number>;
  request_id: Fixed<string>;
  label: Fixed<string>;
  at: Fixed<number>;
}

/** `rule` is JSON, NULL where it ended: the newest row counts. Rows are only ever added. */
interface TrafficChanges {
  model_id: Fixed<number>;
  number: Fixed<number>;
  rule: Fixed<string | null>;
  kind: Fixed<string>;
  by: Fixed<string>;
  why: Fixed<string>;
  at: Fixed<number>;
}

/** `command`, `env` are JSON. `status` is one of `job-states.ts`; `not_before` is a time of the database's clock, as all times that are decided by. */
interface Jobs {
  id: Generated<number>;
  project_id: Fixed<number>;
  key: Fixed<string>;
  name: Fixed<string>;
  command: Fixed<string>;
  cwd: Fixed<string>;
  env: Fixed<string>;
  priority: Fixed<number>;
  cores: Fixed<number>;
  memory: Fixed<number>;
  timeout_ms: Fixed<number | null>;
  grace_ms: Fixed<number>;
  retries: Fixed<number>;
  backoff_ms: Fixed<number>;
  preemptible: Fixed<number>;
  schedule: Fixed<string | null>;
  time_zone: Fixed<string | null>;
  occurrence: number;
  status: string;
  wish: string | null;
  reason: string | null;
  not_before: number | null;
  attempts: number;
  failures: number;
  losses: number;
  created_at: Fixed<number>;
  created_by: Fixed<string>;
  finished_at: number | null;
}

interface JobNeeds {
  job_id: Fixed<number>;
  needs_id: Fixed<number>;
}

/** `token` is the fence: who holds an older one writes nothing. `beat` counts renewals. `process` names a process for good: its number may come again. */
interface JobAttempts {
  id: Generated<number>;
  job_id: Fixed<number>;
  number: Fixed<number>;
  occurrence: Fixed<number>;
  status: string;
  token: number;
  beat: number;
  lease_ms: number;
  place: string;
  host: string;
  holder: string;
  holder_process: string;
  pid: number | null;
  process: string | null;
  spool: string | null;
  exit_code: number | null;
  signal: string | null;
  reason: string | null;
  began_at: Fixed<number>;
  ended_at: number | null;
  ran_ms: number;
  stdout_bytes: number;
  stderr_bytes: number;
  head_bytes: number;
  dropped_bytes: number;
}

interface JobLogs {
  id: Generated<number>;
  attempt_id: Fixed<number>;
  stream: Fixed<string>;
  part: Fixed<string>;
  bytes: Fixed<number>;
  at: Fixed<number>;
  text: Fixed<string>;
}

/** A machine on which supervisors work: they count its cores one after another. */
interface JobPlaces {
  place: Fixed<string>;
  claims: number;
}

/** A group of runs; number 0 is there for runs that nobody put anywhere, and counts in `made` the numbers that were given. */
interface Experiments {
  project_id: Fixed<number>;
  number: Fixed<number>;
  name: string;
  tags: string;
  made: number;
  created_at: Fixed<number>;
  changed_at: number;
  deleted_at: number | null;
}

/** Where a run is. One without such a row is in experiment 0, and has the times of its own. `flow`: JSON, what went in and came out. */
interface RunPlaces {
  run_id: Fixed<number>;
  project_id: Fixed<number>;
  experiment: number;
  started_at: number | null;
  ended_at: number | null;
  deleted_at: number | null;
  flow: string;
}

/** What may change of a model (number 0) or of a version. `tags` and `facts` are JSON. */
interface Labels {
  model_id: Fixed<number>;
  number: Fixed<number>;
  tags: string;
  facts: string;
  changed_at: number;
  deleted_at: number | null;
}

interface Folders {
  project_id: Fixed<number>;
  folder: Fixed<string>;
  path: Fixed<string>;
  digest: string;
  bytes: number;
  created_at: number;
}

interface LoggedModels {
  project_id: Fixed<number>;
  key: Fixed<string>;
  experiment: Fixed<number>;
  facts: string;
  created_at: Fixed<number>;
  changed_at: number;
  deleted_at: number | null;
}

/** `key` names it; `hash` is the SHA-256 of its secret. `project_id` is NULL where it is for all projects. */
interface Tokens {
  id: Generated<number>;
  key: Fixed<string>;
  hash: Fixed<string>;
  name: Fixed<string>;
  role: Fixed<string>;
  project_id: Fixed<number | null>;
  created_at: Fixed<number>;
  created_by: Fixed<string>;
  expires_at: Fixed<number | null>;
  used_at: number | null;
  revoked_at: number | null;
}

/** Blobs that a project has sent lately. */
interface Uploads {
  project_id: Fixed<number>;
  digest: Fixed<string>;
  at: number;
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
  jobs: Jobs;
  job_needs: JobNeeds;
  job_attempts: JobAttempts;
  job_logs: JobLogs;
  job_places: JobPlaces;
  gates: Gates;
  traffic_changes: TrafficChanges;
  passed_labels: PassedLabels;
  experiments: Experiments;
  run_places: RunPlaces;
  labels: Labels;
  folders: Folders;
  logged_models: LoggedModels;
  tokens: Tokens;
  uploads: Uploads;
  schema_versions: SchemaVersions;
}
