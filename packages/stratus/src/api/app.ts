import { randomUUID } from 'node:crypto';
import { fail, nearest } from '@stratus/core';
import type { Context } from 'hono';
import type { z } from 'zod';
import { BodyReader, newApp, writeError } from '../serve/index.ts';
import type { Store } from '../store/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { type Access, type Caller, checkProject, checkRole } from './access.ts';
import { checked, jsonValue, queryValues } from './input.ts';
import { badRequest, problemResponse, statusFor } from './problem.ts';
import type { AnyRoute, Call, Limits } from './route.ts';
import { groups } from './routes/index.ts';
import { Watches } from './watch.ts';

/** Options of {@link apiApp}. */
export interface ApiOptions {
  readonly access: Access;
  /** Of a body of JSON; 16 MB unless told. */
  readonly bodyLimitBytes?: number | undefined;
  /** Of a blob; 16 GB unless told. */
  readonly uploadLimitBytes?: number | undefined;
  /** Between two signs of life of a stream of events; 15 seconds unless told. */
  readonly heartbeatMs?: number | undefined;
  /** Sites whose pages may ask: 'https://example.org'. None unless told. */
  readonly origins?: readonly string[] | undefined;
  /** Is told of errors that are not the client's. Writes them to standard error unless told. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** An application over a workspace, and how it ends. */
export interface ApiApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Ends the streams of events, which would go on for as long as runs do. */
  close(): void;
}

const gb = 2 ** 30;

/** Stores with the eyes of projects that are there. */
class Projects {
  readonly #own: Store;
  readonly #found = new Map<string, Store>();

  constructor(own: Store) {
    this.#own = own;
    this.#found.set(own.project, own);
  }

  /** Errors: `unknown-name`, `database-failed`. */
  async store(name: string): Promise<Store> {
    const found = this.#found.get(name);
    if (found !== undefined) return found;
    const known = await this.#own.projects();
    if (!known.includes(name))
      throw fail('unknown-name', { kind: 'project', name, suggestion: nearest(name, known), known: known.slice(0, 20) });
    const store = await this.#own.inProject(name);
    this.#found.set(name, store);
    return store;
  }
}

/** `/api/v1` and its documentation, over a workspace. It speaks HTTP and decides nothing but who may ask. */
export function apiApp({ store, blobs }: Workspace, options: ApiOptions): ApiApp {
  const { access, report = writeError, origins = [] } = options;
  const limits: Limits = {
    bodyBytes: options.bodyLimitBytes ?? gb / 64,
    uploadBytes: options.uploadLimitBytes ?? 16 * gb,
    heartbeatMs: options.heartbeatMs ?? 15_000,
  };
  const bodies = new BodyReader(limits.bodyBytes);
  const projects = new Projects(store);
  const watches = new Watches();
  const app = newApp<{ Variables: { id: string } }>();

  app.use(async (c, next) => {
    const given = c.req.header('x-request-id') ?? '';
    c.set('id', /^[\w.-]{1,64}$/.test(given) ? given : randomUUID());
    await next();
    c.header('x-request-id', c.get('id'));
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  if (origins.length > 0)
    app.use(async (c, next) => {
      const { cors } = await import('hono/cors');
      const exposeHeaders = ['etag', 'content-range', 'x-request-id', 'retry-after'];
      const allowHeaders = ['authorization', 'content-type', 'range', 'if-none-match', 'last-event-id'];
      return await cors({ origin: [...origins], exposeHeaders, allowHeaders })(c, next);
    });

  const stillAllowed =
    (request: Request, project: string | undefined, { role }: AnyRoute) =>
    async (): Promise<boolean> => {
      try {
        const caller = await access.caller(request);
        if (project !== undefined) checkProject(caller, project);
        checkRole(caller, role);
        return true;
      } catch {
        return false;
      }
    };

  const input = async (route: AnyRoute, c: Context): Promise<unknown> =>
    route.body &&
    (await bodies.withBody(c.req.raw, async (bytes) => checked(route.body!, jsonValue(bytes, c.req.raw.headers), 'The body')));

  async function answer(route: AnyRoute, c: Context): Promise<Response> {
    const request = c.req.raw;
    const caller: Caller = await access.caller(request); // before anything is read
    const project = route.path.includes('{project}') ? c.req.param('project')! : undefined;
    if (project !== undefined) checkProject(caller, project);
    checkRole(caller, route.role);
    const params = route.params && checked(route.params, c.req.param(), 'The address');
    const its = project === undefined ? store : await projects.store(project);
    const query = queryOf(route, request.url);
    const body = await input(route, c);
    const call: Call<unknown, unknown, unknown> = {
      store: its,
      blobs,
      watches,
      caller,
      params,
      query,
      body,
      request,
      limits,
      stillAllowed: stillAllowed(request, project, route),
    };
    const result = await route.handle(call as Call<never, never, never>);
    if (result instanceof Response) return result;
    if (result === undefined) return c.body(null, 204);
    return c.json(result as object, (route.status ?? 200) as 200);
  }

  const methods = new Map<string, string[]>();
  for (const route of Object.values(groups).flat()) {
    const path = `/api/v1${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    methods.set(path, [...(methods.get(path) ?? []), route.method.toUpperCase()]);
    app.on(route.method.toUpperCase(), path, (c) => answer(route, c));
  }
  for (const [path, allowed] of methods)
    app.all(path, (c) => {
      const allow = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : [])].join(', ');
      return problemResponse(badRequest(`${c.req.path} takes ${allow}, not ${c.req.method}.`, 405), c.get('id'), { allow });
    });

  app.get('/api/openapi.json', async (c) => c.json((await import('./openapi.ts')).openApi()));
  app.get('/api', async (c) => c.html((await import('./page.ts')).apiPage()));
  app.notFound((c) =>
    problemResponse(
      badRequest(`There is nothing at ${c.req.path.slice(0, 200)}. GET /api tells what there is.`, 404),
      c.get('id'),
    ),
  );
  app.onError((e, c) => {
    const id = c.get('id');
    if (statusFor(e) >= 500) report(new Error(`Request ${id}, ${c.req.method} ${c.req.path}`, { cause: e }));
    return problemResponse(e, id);
  });
  return { fetch: (request) => app.fetch(request), close: () => watches.close() };
}

function queryOf({ query }: AnyRoute, url: string): unknown {
  const schema: z.ZodObject | undefined = query;
  return schema && checked(schema, queryValues(schema, url), 'The query');
}
