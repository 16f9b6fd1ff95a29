import { StratusError } from '@stratus/core';
import type { GrpcOptions } from './grpc/index.ts';
import { defaultBodyLimitBytes, writeError } from './serve/index.ts';
import { type Elsewhere, modelApp, type ServedApp } from './served-app.ts';
import { ServedModels } from './served-models.ts';
import type { ServerOptions } from './server.ts';
import { type Fetch, openCertificates } from './sockets/index.ts';
import type { Workspace } from './workspace/index.ts';

/** What a server answers with, in this process or in a worker. */
export interface ServerAppOptions extends ServerOptions {
  readonly host: string;
  readonly elsewhere?: Elsewhere | undefined;
  /** What is served besides, to those who may ask. */
  readonly beside?: ((request: Request) => Promise<Response> | undefined) | undefined;
}

/** The API, MLflow's protocol and the models of a registry. */
export interface ServerApp extends ServedApp {
  /** Begins to follow the registry. */
  readonly start: () => void;
}

/** Says whether the process is well, and nothing else: who spreads requests has no token. */
const health = /^\/v2\/health\/(live|ready)\/?$/;
/** What changes which models are served. */
const changing = /^\/v2\/repository\//;
/** The versions of MLflow's protocol: the API of this server has none of them. */
const ofMlflow = /^\/(ajax-)?api\/[23]\.0\//;
/** What changes how requests are spread over versions. */
const trafficPath = /^\/api\/v1\/projects\/[^/]+\/models\/[^/]+\/traffic\/?$/;

const hour = 3_600_000;

/** Opens everything that a server answers with over a workspace, which stays the caller's. Errors: those of `startServer` but of its port. */
export async function openServerApp(workspace: Workspace, options: ServerAppOptions): Promise<ServerApp> {
  const { host, bodyLimitBytes = defaultBodyLimitBytes, report = writeError, uploadLimitBytes, elsewhere, beside } = options;
  const { store } = workspace;
  const { Access, apiApp, checkProject, checkRole, problemResponse } = await import('./api/index.ts');
  const { isLoopback } = await import('./keys/index.ts');
  const { mlflowApp } = await import('./mlflow/index.ts');
  const { mlflowAccess } = await import('./mlflow-access.ts');
  const certificates = options.tls && (await openCertificates(options.tls));
  const access = new Access(store, { mayBeOpen: isLoopback(host) });
  const api = apiApp(workspace, { ...options, access, bodyLimitBytes, report });
  const { origins = [] } = options;
  const mlflow = await mlflowApp(workspace, { authorize: mlflowAccess(access, store, origins), uploadLimitBytes, report });
  const clients = new WeakMap<Request, string>();
  const { app, opened: models } = await modelApp(
    async (watched) =>
      new ServedModels(workspace, {
        ...options,
        ...watched,
        ...{ report, lookMs: options.lookMs ?? 2000 },
        changed: elsewhere && (() => void elsewhere.ask('look').catch(report)),
      }),
    {
      ...options,
      ...{ report, bodyLimitBytes, clientOf: options.clientOf ?? ((request) => clients.get(request)) },
      repository: options.repository ?? true,
    },
  );
  const isLoaded = (): boolean => models.isLoaded;

  const infer: Fetch = async (request, node) => {
    const path = pathname(request);
    if (path.startsWith('/v2/health/ready') && !isLoaded()) return Response.json({ live: true, ready: false }, { status: 503 });
    try {
      if (!health.test(path)) {
        const caller = await access.caller(request);
        checkProject(caller, store.project);
        checkRole(caller, changing.test(path) ? 'deployer' : 'viewer');
        if (caller.token) clients.set(request, caller.token.key);
      }
    } catch (e) {
      const response = problemResponse(e, crypto.randomUUID());
      app.plane.refused({ protocol: 'http', code: StratusError.is(e) ? e.code : 'internal', status: String(response.status) });
      return response;
    }
    return await (beside?.(request) ?? app.fetch(request, node));
  };
  /** A rule that was set holds in all processes before its setter is answered. */
  const changed = async (response: Response): Promise<Response> => {
    if (response.ok) await (elsewhere ? elsewhere.ask('look') : models.lookAnew());
    return response;
  };
  const fetch: Fetch = (request, node) => {
    const path = pathname(request);
    if (ofMlflow.test(path)) return mlflow.fetch(request);
    if (path !== '/api' && !path.startsWith('/api/')) return infer(request, node);
    const answer = api.fetch(request);
    return request.method !== 'GET' && trafficPath.test(path) ? Promise.resolve(answer).then(changed) : answer;
  };
  const authorize: GrpcOptions['authorize'] = async (headers, wants) => {
    const caller = await access.caller({ headers });
    checkProject(caller, store.project);
    checkRole(caller, wants === 'changes' ? 'deployer' : 'viewer');
    return { client: caller.token?.key };
  };
  const { maxConnections, stalledMs, headersTimeoutMs = 10_000, requestTimeoutMs = hour, drainMs } = options;
  return {
    plane: app.plane,
    fetch,
    answers: { ...app.answers, look: () => models.lookAnew() },
    http: {
      ...{ host, certificates, maxConnections, stalledMs, headersTimeoutMs, requestTimeoutMs, report },
      bodyLimitBytes: Math.max(bodyLimitBytes, uploadLimitBytes ?? Number.MAX_SAFE_INTEGER),
      refused: (refusal) => app.plane.refused({ protocol: 'http', ...refusal }),
    },
    grpc: { ...app.grpc, certificates, bodyLimitBytes, maxConnections, drainMs, report, isLoaded, authorize },
    followed: [],
    start: () => models.start(),
    drain() {
      models.drain();
      api.close();
    },
    release: app.release,
  };
}

/** The path of a request, which the server has read before. */
function pathname({ url }: Request): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  if (start < 0) return '/';
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}
