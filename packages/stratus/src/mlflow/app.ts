import { nearest } from '@stratus/core';
import type { Context, Hono } from 'hono';
import { newApp } from '../serve/index.ts';
import type { Workspace } from '../workspace/index.ts';
import type { MlflowAuthorize } from './access.ts';
import { aliasRoutes } from './aliases.ts';
import { proxyRoutes } from './artifact-proxy.ts';
import { artifactRoutes } from './artifacts.ts';
import { experimentRoutes } from './experiments.ts';
import { loggedModelRoutes } from './logged-models.ts';
import { metricRoutes } from './metrics.ts';
import { modelVersionRoutes } from './model-versions.ts';
import { multipartRoutes } from './multipart.ts';
import { Problem, problemOf, statusOf } from './problem.ts';
import { registeredModelRoutes } from './registered-models.ts';
import { inputOf } from './request.ts';
import type { Call, Route } from './route.ts';
import { runLogRoutes } from './run-log.ts';
import { runRoutes } from './runs.ts';
import { loggedModelSearch } from './search-logged-models.ts';

/** Options of {@link mlflowApp}. */
export interface MlflowAppOptions {
  /** Says who may do what; everybody may do everything where it is left out. */
  readonly authorize?: MlflowAuthorize;
  /** Larger files are refused; 16 GB unless told. */
  readonly uploadLimitBytes?: number | undefined;
  /** Is told of errors that are the server's own, once each. Writes them to standard error unless told. */
  readonly report?: (error: unknown) => void;
}

const routes: readonly Route[] = [
  ...experimentRoutes,
  ...runRoutes,
  ...runLogRoutes,
  ...metricRoutes,
  ...artifactRoutes,
  ...proxyRoutes,
  ...multipartRoutes,
  ...registeredModelRoutes,
  ...modelVersionRoutes,
  ...aliasRoutes,
  loggedModelSearch,
  ...loggedModelRoutes,
];

/** Clients use the first; the others are those of MLflow's own pages and of old clients. */
const prefixes = ['/api/2.0/', '/ajax-api/2.0/', '/api/2.0/preview/'];

/** What a client asks before it uploads large files. It is told to everybody, as MLflow does. */
const serverInfo = {
  store_type: 'Stratus',
  workspaces_enabled: false,
  trace_archival_enabled: false,
  multipart_uploads_enabled: true,
  multipart_downloads_enabled: false,
};

const writeError = (error: unknown): void => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
};

/** The application; see `index.ts`. */
export function appOf(workspace: Workspace, options: MlflowAppOptions): Hono {
  const { authorize, report = writeError, uploadLimitBytes = 16 * 2 ** 30 } = options;
  const app = newApp();

  const refused = (c: Context, { code, message }: Problem): Response => {
    const headers = code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Basic realm="stratus"' } : undefined;
    return c.json({ error_code: code, message }, statusOf[code], headers);
  };

  const permitted = async (request: Request, { method, path, role }: Route): Promise<Pick<Call, 'store' | 'actor'>> => {
    const caller = (await authorize?.(request, { name: `${method} ${path}`, role })) ?? {};
    if (caller === 'unauthenticated')
      throw new Problem('UNAUTHENTICATED', 'A valid token is needed: set MLFLOW_TRACKING_TOKEN, or user and password.');
    if (caller === 'forbidden')
      throw new Problem('PERMISSION_DENIED', `This takes the role '${role}', which the token does not have.`);
    return { store: caller.store ?? workspace.store, actor: caller.actor };
  };

  for (const one of routes) {
    const answer = async (c: Context): Promise<Response> => {
      const request = c.req.raw;
      const call: Call = { ...(await permitted(request, one)), blobs: workspace.blobs, request, uploadLimitBytes };
      const input = one.input && (await inputOf(request, one.input, c.req.param(), one.hasRawBody === true));
      const found = await one.answer(input as never, call);
      return found instanceof Response ? found : c.json(found);
    };
    for (const prefix of prefixes) app.on(one.method, `${prefix}${one.path}`, answer);
  }
  for (const prefix of ['/api/3.0/', '/ajax-api/3.0/']) app.get(`${prefix}mlflow/server-info`, (c) => c.json(serverInfo));

  const nothing = (c: Context): Response => {
    const [, path = ''] = /\/\d\.0\/(?:preview\/)?(.*)$/.exec(c.req.path) ?? [];
    const others = routes.filter((one) => one.path === path).map(({ method }) => method);
    const similar = nearest(
      path,
      routes.map((one) => one.path),
    );
    const hint = others.length > 0 ? ` It takes ${others.join(' or ')}.` : similar ? ` Did you mean '${similar}'?` : '';
    return refused(
      c,
      new Problem('ENDPOINT_NOT_FOUND', `Nothing of MLflow's is answered at ${c.req.method} ${c.req.path.slice(0, 200)}.${hint}`),
    );
  };
  for (const prefix of ['/api', '/ajax-api'])
    for (const version of ['2.0', '2.0/preview', '3.0'])
      for (const part of ['mlflow', 'mlflow-artifacts']) app.all(`${prefix}/${version}/${part}/*`, nothing);

  app.onError((e, c) => {
    const problem = problemOf(e);
    if (problem === undefined || statusOf[problem.code] === 500) report(e);
    return refused(c, problem ?? new Problem('INTERNAL_ERROR', 'internal error'));
  });
  return app;
}
