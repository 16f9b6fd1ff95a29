import { runs } from './0001-runs.ts';
import { registry } from './0002-registry.ts';
import { writers } from './0003-writers.ts';
import { jobs } from './0004-jobs.ts';
import { tokens } from './0005-tokens.ts';
import { appendOnly } from './0006-append-only.ts';
import { experiments } from './0007-experiments.ts';
import { traffic } from './0008-traffic.ts';
import { passedLabels } from './0009-passed-labels.ts';
import type { Migration } from './migration.ts';

export type { ColumnTypes } from './migration.ts';

/** All steps; the version of a schema is how many of them it has seen. */
export const migrations: readonly Migration[] = [
  runs,
  registry,
  writers,
  jobs,
  tokens,
  appendOnly,
  experiments,
  traffic,
  passedLabels,
];
