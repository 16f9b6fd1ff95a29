import { fail, StratusError } from '@stratus/core';
import { type GrpcPlace, type GrpcPortOptions, openGrpcPort, placeOf } from './grpc-port.ts';
import type { SuperviseOptions, Supervisor } from './jobs/index.ts';
import type { Listening, StopSignal } from './listen.ts';
import type { MonitorOptions } from './monitor/index.ts';
import { defaultBodyLimitBytes, type RepositoryOptions, writeError } from './serve/index.ts';
import type { TlsFiles } from './sockets/index.ts';
import type { BringingHome } from './tracking/index.ts';
import { openWorkspace, type Workspace, type WorkspaceOptions } from './workspace/index.ts';

/** Options of {@link startServer}. */
export interface ServerOptions extends WorkspaceOptions, Omit<RepositoryOptions, 'shelf' | 'report'>, GrpcPortOptions {
  /** '127.0.0.1' unless told, so that only this machine can ask. Other machines need tokens. */
  readonly host?: string | undefined;
  /** 8080 unless told; 0 picks a free one. */
  readonly port?: number | undefined;
  /** Sites whose pages may ask: 'https://example.org'. None unless told. */
  readonly origins?: readonly string[] | undefined;
  /** HTTPS with this certificate, whose files are read again when they change; with `ca`, for clients that have a certificate too. */
  readonly tls?: TlsFiles | undefined;
  /** Larger bodies of JSON are refused; 16 MB unless told. */
  readonly bodyLimitBytes?: number | undefined;
  /** Larger files are refused; 16 GB unless told. */
  readonly uploadLimitBytes?: number | undefined;
  /** The registry is looked at so often for models to serve, in milliseconds; 2,000. */
  readonly lookMs?: number | undefined;
  /** Between two signs of life of a stream of events, in milliseconds; 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** What is watched of its models: metrics, traffic, drift and labels unless told, nothing where it is false. */
  readonly monitor?: MonitorOptions | false | undefined;
  /** Runs the jobs of its project too, as `superviseJobs` does; runs none where it is left out. */
  readonly jobs?: SuperviseOptions | undefined;
  /** Stops the server as `stop` does. */
  readonly signal?: AbortSignal | undefined;
  /** Signals of the operating system that stop the server as `stop` does; ['SIGTERM', 'SIGINT'] unless told. */
  readonly stopOn?: readonly StopSignal[] | undefined;
  /** How long `stop` waits for requests that are on their way; 10 seconds unless told. */
  readonly drainMs?: number | undefined;
  /** Is told of errors that are not the client's. Writes them to standard error unless told. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** A server that runs. */
export interface StratusServer extends GrpcPlace {
  /** Where to reach it from this machine: 'http://127.0.0.1:8080'. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Where its store and its files are, without passwords. */
  readonly store: string;
  readonly blobs: string;
  readonly project: string;
  /** False while there is no token at all: then programs of this machine may do everything. */
  readonly needsToken: boolean;
  /** Stops: takes no new connections, ends streams of events, lets requests on their way finish and jobs save what they have, frees models and the store. May be called again. */
  stop(): Promise<void>;
}

/** Says whether the process is well, and nothing else: who spreads requests has no token. */
const health = /^\/v2\/health\/(live|ready)\/?$/;

/** The versions of MLflow's protocol: the API of this server has none of them. */
const ofMlflow = /^\/(ajax-)?api\/[23]\.0\//;

const hour = 3_600_000;

/**
 * Starts everything in one process: the REST API (`/api/v1`, described at `/api`), what MLflow's client asks for (`/api/2.0/mlflow`), the models of the registry (Open Inference
 * Protocol v2): of each `@production`, or its newest version; and, where that is wanted, the jobs of its project.
 *
 * It answers this machine alone, and openly, as long as there is no token; where it listens to others, tokens have to be there.
 *
 * Errors: those of `openWorkspace`; `usage` where other machines could ask without a token; `port-in-use`, `cannot-listen`, `aborted`.
 *
 * @example no-run
 * import { startServer } from 'stratus';
 * const server = await startServer({ port: 0 });
 * const { runs } = await (await fetch(`${server.url}/api/v1/projects/default/runs`)).json();
 * console.log(runs.length);
 * await server.stop();
 */
export async function startServer(options: ServerOptions = {}): Promise<StratusServer> {
  const workspace = await openWorkspace(options);
  try {
    return await started(workspace, options);
  } catch (e) {
    await workspace.close();
    throw e;
  }
}

async function started(workspace: Workspace, options: ServerOptions): Promise<StratusServer> {
  const { host = '127.0.0.1', port = 8080, bodyLimitBytes = defaultBodyLimitBytes, report = writeError } = options;
  const { store, blobs } = workspace;
  const { Access, apiApp, checkProject, checkRole, problemResponse } = await import('./api/index.ts');
  const { isLoopback } = await import('./keys/index.ts');
  const { serveHttp } = await import('./listen.ts');
  const { openCertificates } = await import('./sockets/index.ts');
  const { mlflowApp } = await import('./mlflow/index.ts');
  const { mlflowAccess } = await import('./mlflow-access.ts');
  const { ServedModels } = await import('./served-models.ts');
  const hasTokens = await store.tokens.any();
  if (!isLoopback(host) && !hasTokens)
    throw fail('usage', {
      reason: `On ${host} other machines could ask, and there is no token yet, so everybody could do everything.`,
      fix: 'Make one first: stratus tokens create NAME --role admin --all-projects. Or listen on 127.0.0.1.',
    });
  const access = new Access(store, { mayBeOpen: isLoopback(host) });
  const api = apiApp(workspace, { ...options, access, bodyLimitBytes, report });
  const { origins = [], uploadLimitBytes } = options;
  const mlflow = await mlflowApp(workspace, { authorize: mlflowAccess(access, store, origins), uploadLimitBytes, report });
  const { maxBatch, maxDelayMs, maxQueue, maxQueueBytes, executor, instances, lazy, memoryLimitBytes, idleMs, observer } =
    options;
  const { joinObservers, loadedModels, monitored, startMonitor } = await import('./monitor/index.ts');
  const monitor =
    options.monitor === false ? undefined : await startMonitor(() => loadedModels(models.plane), { report, ...options.monitor });
  const observers = monitor ? joinObservers([monitor.observer, observer], report) : observer;
  const models = new ServedModels(workspace, {
    ...{
      maxBatch,
      maxDelayMs,
      maxQueue,
      maxQueueBytes,
      executor,
      instances,
      lazy,
      memoryLimitBytes,
      idleMs,
      observer: observers,
    },
    ...(monitor && {
      traces: monitor.traces,
      watchDrift: monitor.watchDrift,
      trafficChanged: (change) => monitor.trafficChanged(change),
    }),
    ...{ bodyLimitBytes, report, lookMs: options.lookMs ?? 2000 },
  });

  const answer = monitor
    ? monitored(monitor, (request: Request) => models.fetch(request), { carries: true })
    : (request: Request) => models.fetch(request);

  const infer = async (request: Request, path: string): Promise<Response> => {
    if (path.startsWith('/v2/health/ready') && !models.isLoaded)
      return Response.json({ live: true, ready: false }, { status: 503 });
    try {
      if (!health.test(path)) {
        const caller = await access.caller(request);
        checkProject(caller, store.project);
        checkRole(caller, 'viewer');
      }
    } catch (e) {
      const response = problemResponse(e, crypto.randomUUID());
      models.plane.refused({ protocol: 'http', code: StratusError.is(e) ? e.code : 'internal', status: String(response.status) });
      return response;
    }
    return await answer(request);
  };
  const fetch = (request: Request): Response | Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (ofMlflow.test(pathname)) return mlflow.fetch(request);
    if (pathname === '/api' || pathname.startsWith('/api/')) return api.fetch(request);
    return infer(request, pathname);
  };

  const certificates = options.tls && (await openCertificates(options.tls));
  let supervisor: Supervisor | undefined;
  let home: BringingHome | undefined;
  const grpc = await openGrpcPort(models.plane, {
    ...{ grpcPort: options.grpcPort, host, certificates, bodyLimitBytes, drainMs: options.drainMs, report },
    isLoaded: () => models.isLoaded,
    async authorize(headers, wants) {
      const caller = await access.caller({ headers });
      checkProject(caller, store.project);
      checkRole(caller, wants === 'changes' ? 'deployer' : 'viewer');
      return { client: caller.token?.key };
    },
  });
  const listening: Listening = await serveHttp(fetch, {
    host,
    port,
    certificates,
    bodyLimitBytes: Math.max(bodyLimitBytes, options.uploadLimitBytes ?? Number.MAX_SAFE_INTEGER),
    headersTimeoutMs: 10_000,
    requestTimeoutMs: hour, // of a large file
    signal: options.signal,
    stopOn: options.stopOn ?? ['SIGTERM', 'SIGINT'],
    drainMs: options.drainMs ?? 10_000,
    report,
    onStopping() {
      void supervisor?.stop(); // jobs save while requests finish
      models.drain();
      api.close();
      void grpc?.stop();
    },
    async onStopped() {
      await Promise.all([supervisor?.stop(), home?.stop(), grpc?.stop()]);
      await models.release();
      await monitor?.close();
      await workspace.close();
    },
  }).catch(async (e: unknown) => {
    await grpc?.stop();
    throw e;
  });
  try {
    // Last: a server that finds its port taken has begun no job.
    if (options.jobs !== undefined) {
      supervisor = (await import('./jobs/index.ts')).superviseJobs(workspace, options.jobs);
      home = (await import('./tracking/index.ts')).keepBringingHome(workspace, { trouble: report });
    }
  } catch (e) {
    await listening.stop();
    throw e;
  }
  models.start();
  return {
    ...listening,
    ...placeOf(grpc),
    host,
    store: store.address,
    blobs: blobs.address,
    project: store.project,
    needsToken: hasTokens || !isLoopback(host),
  };
}
