import type { Store, StoreOptions } from './store.ts';

export type { Aliases, AliasMove, MoveKind, MoveOptions } from './aliases.ts';
export type { Artifact, Artifacts } from './artifacts.ts';
export type { Attempts, Lease, RunningAttempt } from './attempts.ts';
export type { Point } from './chunk.ts';
export type { ExperimentInfo, Experiments } from './experiments.ts';
export type { FolderFile, Folders } from './folders.ts';
export type { Gates, GatesInfo } from './gates.ts';
export type { Claim, Worker } from './job-claim.ts';
export type { AttemptInfo, JobInfo, JobQuery } from './job-info.ts';
export type { JobLogPiece, JobLogQuery, LogPosition, Printed } from './job-logs.ts';
export type { Outcome } from './job-outcome.ts';
export type { AttemptStatus, JobStatus } from './job-states.ts';
export type { NewJob } from './job-values.ts';
export type { Jobs } from './jobs.ts';
export { keptBytes } from './kept-bytes.ts';
export type { Label, LabelChange, Labels } from './labels.ts';
export type { LoggedModel, LoggedModels } from './logged-models.ts';
export type { LogPiece, Logs } from './logs.ts';
export type { AppendOptions, MetricPoint, MetricSummary, Metrics } from './metrics.ts';
export type { ModelInfo, Models, NewVersion, VersionInfo } from './models.ts';
export { checkText, checkTitle, keepable, newKey as newRunKey } from './names.ts';
export type { PassedLabel, PassedLabels } from './passed-labels.ts';
export type { PlaceChange, PlacedRun, RunFlow, RunScan, ScanSort } from './placed-runs.ts';
export type { MetricCondition, RunQuery, RunSort } from './run-query.ts';
export { type Json, type ParamValue, paramsOf, tagsOf } from './run-values.ts';
export type { ChangeOptions, NewRun, RunChange, RunInfo, RunStatus, Runs } from './runs.ts';
export { defaultProject, shownAddress } from './shown-address.ts';
export type { Store, StoreOptions } from './store.ts';
export type { NewToken, Role, TokenInfo, Tokens } from './tokens.ts';
export type { TrafficRow, TrafficRules } from './traffic.ts';
export type { Uploads } from './uploads.ts';

/**
 * Opens a store: the runs, metrics and models of a team, in a file of SQLite (`'runs.db'`, `'sqlite:runs.db'`) or on a server of PostgreSQL
 * (`'postgres://user@host/database'`). It is made where it is not there, and its tables are brought up to date. Several processes may use one at the same time.
 *
 * What a promise of the store has acknowledged is on disk: it survives `kill -9` and, with SQLite, a power cut (PostgreSQL: as its `synchronous_commit` says).
 *
 * Errors: `bad-value`, `store-too-new`, `corrupt`, `file-failed`, `database-failed`.
 *
 * @example no-run
 * import { openStore } from 'stratus';
 * const store = await openStore('.stratus/store.db');
 * const run = await store.runs.create({ name: 'first', params: { learningRate: 0.01 } });
 * await store.metrics.append(run.key, [{ name: 'loss', step: 0, value: 0.7 }]);
 * const [best] = await store.runs.list({ sort: { metric: 'loss', of: 'min' }, limit: 1 });
 * await store.close();
 */
export async function openStore(address: string, options: StoreOptions = {}): Promise<Store> {
  return await (await import('./store.ts')).open(address, options); // the query builder is loaded by those who use it
}
