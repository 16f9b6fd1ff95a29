import { userInfo } from 'node:os';
import { fail } from '@stratus/core';
import { type Aliases, aliasesOf } from './aliases.ts';
import { type Artifacts, artifactsOf } from './artifacts.ts';
import { type Attempts, attemptsOf } from './attempts.ts';
import type { Database } from './database.ts';
import { type Experiments, experimentsOf } from './experiments.ts';
import { type Folders, foldersOf } from './folders.ts';
import { type Gates, gatesOf } from './gates.ts';
import { type Jobs, jobsOf } from './jobs.ts';
import { type Labels, labelsOf } from './labels.ts';
import { type LoggedModels, loggedModelsOf } from './logged-models.ts';
import { type Logs, logsOf } from './logs.ts';
import { type Metrics, metricsOf } from './metrics.ts';
import { migrate } from './migrate.ts';
import { type Models, modelsOf } from './models.ts';
import { checkName, checkTitle } from './names.ts';
import { type PassedLabels, passedLabelsOf } from './passed-labels.ts';
import { type Runs, runsOf } from './runs.ts';
import { defaultProject } from './shown-address.ts';
import { type Tokens, tokensOf } from './tokens.ts';
import { type TrafficRules, trafficOf } from './traffic.ts';
import { type Uploads, uploadsOf } from './uploads.ts';

/** How a store is opened. */
export interface StoreOptions {
  /** What is seen of it: 'default' where it is left out. A project that is not there yet is made. */
  readonly project?: string;
  /** Who does it, for histories; the user of the operating system where it is left out. */
  readonly actor?: string;
  /** How long other programs may be in the way, in milliseconds; 30 seconds. */
  readonly patienceMs?: number;
  /** PostgreSQL: the schema in which the tables lie; 'stratus'. */
  readonly schema?: string;
}

/** Runs and models of one project, in a file of SQLite or on a server of PostgreSQL. */
export interface Store {
  /** Where it is, without a password. */
  readonly address: string;
  readonly project: string;
  readonly runs: Runs;
  readonly metrics: Metrics;
  readonly logs: Logs;
  readonly artifacts: Artifacts;
  readonly models: Models;
  readonly aliases: Aliases;
  readonly jobs: Jobs;
  /** For supervisors of jobs. */
  readonly attempts: Attempts;
  readonly gates: Gates;
  readonly traffic: TrafficRules;
  readonly passedLabels: PassedLabels;
  readonly experiments: Experiments;
  readonly labels: Labels;
  readonly folders: Folders;
  readonly loggedModels: LoggedModels;
  readonly tokens: Tokens;
  readonly uploads: Uploads;
  /** The same store with the eyes of another project. It is closed with this one. Errors: `bad-value`, `database-failed`. */
  inProject(name: string): Promise<Store>;
  /** The names of all projects. Errors: `database-failed`. */
  projects(): Promise<readonly string[]>;
  /** The digests of all blobs that are named anywhere in the store, in every project. Errors: `database-failed`. */
  references(): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

const seconds = 1000;

async function connect(address: string, { patienceMs = 30 * seconds, schema = 'stratus' }: StoreOptions): Promise<Database> {
  if (/^postgres(ql)?:/.test(address)) return await (await import('./postgres.ts')).openPostgres(address, { patienceMs, schema });
  const path = address.replace(/^sqlite:(\/\/)?/, '');
  if (path === '' || /^[a-z][a-z0-9+.-]+:/i.test(path))
    throw fail('bad-value', {
      what: 'openStore',
      got: `'${path.split('@').at(-1)}'`,
      want: "the path of a file, 'sqlite:FILE' or 'postgres://…'",
    });
  return await (await import('./sqlite.ts')).openSqlite(path, { patienceMs });
}

/** Opens a store, and makes or updates its tables. Errors: see `index.ts`. */
export async function open(address: string, options: StoreOptions = {}): Promise<Store> {
  const project = checkName('project', options.project ?? defaultProject);
  const actor = checkTitle('actor', options.actor ?? userName());
  const database = await connect(address, options);
  try {
    await migrate(database);
    return await scoped(database, project, actor);
  } catch (e) {
    await database.close();
    throw e;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a container may run as a number that has no name
  }
}

async function scoped(database: Database, project: string, actor: string): Promise<Store> {
  const scope = { database, actor, projectId: await projectId(database, project) };
  return {
    address: database.shown,
    project,
    runs: runsOf(scope),
    metrics: metricsOf(scope),
    logs: logsOf(scope),
    artifacts: artifactsOf(scope),
    models: modelsOf(scope),
    aliases: aliasesOf(scope),
    jobs: jobsOf(scope),
    attempts: attemptsOf(scope),
    gates: gatesOf(scope),
    traffic: trafficOf(scope),
    passedLabels: passedLabelsOf(scope),
    experiments: experimentsOf(scope),
    labels: labelsOf(scope),
    folders: foldersOf(scope),
    loggedModels: loggedModelsOf(scope),
    tokens: tokensOf(scope),
    uploads: uploadsOf(scope),
    inProject: async (name) => await scoped(database, checkName('project', name), actor),
    projects: () =>
      database.read('Listing the projects of', async (db) => {
        const rows = await db.selectFrom('projects').select('name').orderBy('name').execute();
        return rows.map(({ name }) => name);
      }),
    references: () =>
      database.read('Reading what is named in', async (db) => {
        const all = db
          .selectFrom('artifacts')
          .select('digest')
          .union(db.selectFrom('versions').select('digest'))
          .union(db.selectFrom('folders').select('digest'));
        return new Set((await all.execute()).map(({ digest }) => digest));
      }),
    close: () => database.close(),
  };
}

async function projectId(database: Database, name: string): Promise<number> {
  const find = (db: Parameters<Parameters<Database['read']>[1]>[0]) =>
    db.selectFrom('projects').select('id').where('name', '=', name).executeTakeFirst();
  const found = await database.read('Opening a project of', find);
  if (found) return found.id;
  return await database.write('Making a project of', async (db) => {
    await db
      .insertInto('projects')
      .values({ name, created_at: Date.now() })
      .onConflict((c) => c.column('name').doNothing())
      .execute();
    return (await find(db))!.id;
  });
}
