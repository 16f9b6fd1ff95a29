import { fail } from '@stratus/core';
import type {
  CallerInfo,
  NewAliasMoveBody,
  NewLogPieceBody,
  NewRunBody,
  NewTokenBody,
  NewTrafficRuleBody,
  NewVersionBody,
  RunChangeBody,
  RunEndBody,
  RunQueryBody,
  WireAliasMove,
  WireArtifact,
  WireBlob,
  WireGates,
  WireLogPiece,
  WireMadeToken,
  WireModel,
  WirePoint,
  WireRun,
  WireSummary,
  WireToken,
  WireTrafficChange,
  WireVersion,
} from '../api/index.ts';
import { appending } from './appending.ts';
import { type Asking, ask, askJson, askNothing } from './asking.ts';
import { type BlobClient, type BlobInput, blobClient } from './blobs.ts';
import { create } from './create.ts';
import { type FollowOptions, followRun } from './events.ts';
import { type JobClient, jobClient } from './jobs.ts';
import { type MetricValue, pointOf, type Run, type RunEvent, runOf, type Summary, summaryOf, wireOf } from './numbers.ts';
import { type SweepClient, sweepClient } from './sweeps.ts';

/** Where a server is, and who asks. */
export interface ConnectOptions {
  /** 'http://127.0.0.1:8080' */
  readonly url: string;
  /** 'st_…', of `stratus tokens create`; none for a server that is open to its own machine. */
  readonly token?: string | undefined;
  /** 'default' where it is left out. */
  readonly project?: string | undefined;
  /** How often a request is tried again that does no harm twice; 4. */
  readonly retries?: number;
  /** What asks; `fetch` of the environment where it is left out. */
  readonly fetch?: typeof fetch;
}

/** A point of a metric to be logged. */
export interface NewPoint {
  readonly name: string;
  readonly step: number;
  readonly value: number;
  /** Now where it is left out. */
  readonly at?: Date;
}

/** One project of a server. Every call may fail with `request-failed`, `not-authorized`, `forbidden` and what the server tells: see its `/api`. */
export interface Client {
  readonly url: string;
  readonly project: string;
  /** What the token allows. */
  me(): Promise<CallerInfo>;
  /** The same server with the eyes of another project. */
  inProject(name: string): Client;
  readonly projects: {
    list(): Promise<readonly string[]>;
    create(name: string): Promise<void>;
  };
  readonly runs: {
    create(run?: NewRunBody): Promise<Run>;
    get(key: string): Promise<Run>;
    /** `next` is the `skip` of the following page; null: there is none. */
    list(query?: RunQueryBody): Promise<{ readonly runs: readonly Run[]; readonly next: number | null }>;
    change(key: string, change: RunChangeBody): Promise<Run>;
    seen(key: string): Promise<void>;
    finish(key: string, status: RunEndBody['status'], error?: string): Promise<Run>;
    remove(key: string): Promise<void>;
  };
  readonly metrics: {
    /** Counts once, also where it had to be sent again; calls for one run go one after the other. */
    append(run: string, points: readonly NewPoint[]): Promise<void>;
    summaries(run: string): Promise<readonly Summary[]>;
    curve(run: string, name: string, options?: { readonly points?: number }): Promise<readonly MetricValue[]>;
    history(
      run: string,
      name: string,
      options?: { readonly skip?: number; readonly limit?: number },
    ): Promise<readonly MetricValue[]>;
  };
  readonly logs: {
    append(run: string, stream: NonNullable<NewLogPieceBody['stream']>, text: string): Promise<void>;
    read(run: string, options?: { readonly after?: number; readonly limit?: number }): Promise<readonly WireLogPiece[]>;
  };
  readonly blobs: BlobClient;
  readonly artifacts: {
    /** Sends a file of a run. */
    put(run: string, path: string, content: BlobInput): Promise<WireBlob>;
    list(run: string): Promise<readonly WireArtifact[]>;
    /** The bytes, verified. */
    read(run: string, path: string): Promise<Uint8Array<ArrayBuffer>>;
  };
  readonly models: {
    list(): Promise<readonly WireModel[]>;
    get(name: string): Promise<WireModel>;
    describe(name: string, notes: string): Promise<WireModel>;
    register(name: string, version: NewVersionBody): Promise<WireVersion>;
    /** By number, alias ('@production') or 'latest'. */
    version(name: string, version: number | string): Promise<WireVersion>;
    versions(
      name: string,
      options?: { readonly skip?: number; readonly limit?: number },
    ): Promise<{ readonly versions: readonly WireVersion[]; readonly next: number | null }>;
  };
  readonly aliases: {
    /** Promotes a version: it has to pass the gates of the alias. `force` moves it all the same, with a reason. */
    move(
      model: string,
      alias: string,
      version: number | string,
      options?: Omit<NewAliasMoveBody, 'version'>,
    ): Promise<WireAliasMove>;
    /** Lets it point to what it had before. */
    rollback(model: string, alias: string, options?: { readonly reason?: string }): Promise<WireAliasMove>;
    /** What a version has to pass. */
    gates(model: string, alias: string): Promise<WireGates>;
    remove(model: string, alias: string, options?: { readonly reason?: string }): Promise<WireAliasMove>;
    history(model: string, alias?: string): Promise<readonly WireAliasMove[]>;
  };
  /** How the requests to a model are spread over its versions; servers follow it a moment later. */
  readonly traffic: {
    set(model: string, rule: NewTrafficRuleBody): Promise<WireTrafficChange>;
    /** All requests go to the standard version again. */
    end(model: string, options?: { readonly why?: string }): Promise<WireTrafficChange>;
    /** The newest first: that one holds. */
    history(model: string): Promise<readonly WireTrafficChange[]>;
  };
  readonly jobs: JobClient;
  readonly sweeps: SweepClient;
  readonly tokens: {
    create(token: NewTokenBody): Promise<WireMadeToken>;
    list(): Promise<readonly WireToken[]>;
    revoke(key: string): Promise<WireToken>;
  };
  /** What happens to a run, from its beginning or from now on, until it has ended. A connection that breaks is taken up where it was. */
  events(run: string, options?: FollowOptions): AsyncIterable<RunEvent>;
}

const e = encodeURIComponent;

/**
 * A client of `stratus serve`: for Node, browsers and whatever else has `fetch`. Its types are those of the server's own checks.
 *
 * What does no harm twice is tried again when the server does not answer, after longer and longer pauses.
 *
 * Errors: `bad-value`; those of the calls have the codes that the server tells, and `request-failed`.
 *
 * @example no-run
 * import { connect } from 'stratus/client';
 * const stratus = connect({ url: 'http://127.0.0.1:8080', token: process.env.STRATUS_TOKEN });
 * const run = await stratus.runs.create({ name: 'first', params: { learningRate: 0.01 } });
 * await stratus.metrics.append(run.key, [{ name: 'loss', step: 0, value: 0.7 }]);
 * for await (const event of stratus.events(run.key)) console.log(event.type);
 */
export function connect({ url, token, project = 'default', retries = 4, fetch: own }: ConnectOptions): Client {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw fail('bad-value', { what: 'url of connect', got: `'${url}'`, want: "an address: 'http://127.0.0.1:8080'" });
  const base = new URL('api/v1/', url.endsWith('/') ? url : `${url}/`).href;
  const asking: Asking = { base, token, retries, fetch: own ?? ((...args) => fetch(...args)) };
  const at = `projects/${e(project)}`;
  const run = (key: string): string => `${at}/runs/${e(key)}`;
  const model = (name: string): string => `${at}/models/${e(name)}`;
  const blobs = blobClient(asking, at);
  const append = appending(asking);
  const numbers = { method: 'POST', again: true } as const;

  return {
    url,
    project,
    me: () => askJson(asking, 'me'),
    inProject: (name) => connect({ url, token, project: name, retries, ...(own && { fetch: own }) }),
    projects: {
      async list() {
        const { projects } = await askJson<{ projects: { name: string }[] }>(asking, 'projects');
        return projects.map(({ name }) => name);
      },
      create: (name) => askNothing(asking, `projects/${e(name)}`, { method: 'PUT' }),
    },
    runs: {
      create: async (given = {}) => runOf(await create<WireRun>(asking, `${at}/runs`, given)),
      get: async (key) => runOf(await askJson<WireRun>(asking, run(key))),
      async list(query = {}) {
        const { runs, next } = await askJson<{ runs: WireRun[]; next: number | null }>(asking, `${at}/runs/search`, {
          ...numbers,
          json: query,
        });
        return { runs: runs.map(runOf), next };
      },
      change: async (key, json) => runOf(await askJson<WireRun>(asking, run(key), { method: 'PATCH', json, again: true })),
      seen: (key) => askNothing(asking, `${run(key)}/seen`, { method: 'PUT' }),
      finish: async (key, status, error) =>
        runOf(
          await askJson<WireRun>(asking, `${run(key)}/end`, {
            method: 'PUT',
            json: { status, ...(error !== undefined && { error }) },
          }),
        ),
      remove: (key) => askNothing(asking, run(key), { method: 'DELETE' }),
    },
    metrics: {
      async append(key, points) {
        const wire = points.map(({ name, step, value, at }) => ({
          name,
          step,
          value: wireOf(value),
          ...(at && { at: at.getTime() }),
        }));
        await append(`${run(key)}/metrics`, wire);
      },
      async summaries(key) {
        const { metrics } = await askJson<{ metrics: WireSummary[] }>(asking, `${run(key)}/metrics`);
        return metrics.map(summaryOf);
      },
      async curve(key, name, { points: most } = {}) {
        const { points } = await askJson<{ points: WirePoint[] }>(asking, `${run(key)}/metrics/curve`, {
          query: { name, points: most },
        });
        return points.map(pointOf);
      },
      async history(key, name, { skip, limit } = {}) {
        const query = { name, skip, limit };
        const { points } = await askJson<{ points: WirePoint[] }>(asking, `${run(key)}/metrics/history`, { query });
        return points.map(pointOf);
      },
    },
    logs: {
      append: (key, stream, text) => askNothing(asking, `${run(key)}/logs`, { method: 'POST', json: { stream, text } }),
      read: async (key, query = {}) =>
        (await askJson<{ pieces: WireLogPiece[] }>(asking, `${run(key)}/logs`, { query: { ...query } })).pieces,
    },
    blobs,
    artifacts: {
      async put(key, path, content) {
        const blob = await blobs.put(content);
        await askNothing(asking, `${run(key)}/artifacts`, { method: 'PUT', json: { path, digest: blob.digest } });
        return blob;
      },
      list: async (key) => (await askJson<{ artifacts: WireArtifact[] }>(asking, `${run(key)}/artifacts`)).artifacts,
      read: async (key, path) => await blobs.verified(await ask(asking, `${run(key)}/artifacts/content`, { query: { path } })),
    },
    models: {
      list: async () => (await askJson<{ models: WireModel[] }>(asking, `${at}/models`)).models,
      get: (name) => askJson(asking, model(name)),
      describe: (name, notes) => askJson(asking, model(name), { method: 'PATCH', json: { notes }, again: true }),
      register: (name, json) => askJson(asking, `${model(name)}/versions`, { method: 'POST', json }),
      version: (name, version) => askJson(asking, `${model(name)}/versions/${e(version)}`),
      versions: (name, query = {}) => askJson(asking, `${model(name)}/versions`, { query: { ...query } }),
    },
    aliases: {
      // Not tried again: each move stands in the history.
      move: (name, alias, version, options = {}) =>
        askJson(asking, `${model(name)}/aliases/${e(bare(alias))}`, {
          method: 'PUT',
          json: { version, ...options },
          again: false,
        }),
      rollback: (name, alias, json = {}) =>
        askJson(asking, `${model(name)}/aliases/${e(bare(alias))}/rollback`, { method: 'POST', json }),
      gates: (name, alias) => askJson(asking, `${model(name)}/aliases/${e(bare(alias))}/gates`),
      remove: (name, alias, { reason } = {}) =>
        askJson(asking, `${model(name)}/aliases/${e(bare(alias))}`, { method: 'DELETE', query: { reason } }),
      history: async (name, alias) => {
        const query = { alias: alias === undefined ? undefined : bare(alias) };
        return (await askJson<{ moves: WireAliasMove[] }>(asking, `${model(name)}/aliases`, { query })).moves;
      },
    },
    traffic: {
      // Not tried again: each change stands in the history.
      set: (name, json) => askJson(asking, `${model(name)}/traffic`, { method: 'PUT', json, again: false }),
      end: (name, { why } = {}) => askJson(asking, `${model(name)}/traffic`, { method: 'DELETE', query: { why } }),
      history: async (name) => (await askJson<{ changes: WireTrafficChange[] }>(asking, `${model(name)}/traffic`)).changes,
    },
    jobs: jobClient(asking, at),
    sweeps: sweepClient(asking, at),
    tokens: {
      create: (json) => askJson(asking, `${at}/tokens`, { method: 'POST', json }),
      list: async () => (await askJson<{ tokens: WireToken[] }>(asking, `${at}/tokens`)).tokens,
      revoke: (key) => askJson(asking, `${at}/tokens/${e(key)}`, { method: 'DELETE', again: true }),
    },
    events: (key, options = {}) => followRun(asking, `${run(key)}/events`, options),
  };
}

/** 'production' of '@production'. */
const bare = (alias: string): string => alias.replace(/^@/, '');
