import { fail, StratusError } from '@stratus/core';
import type { Context, Hono } from 'hono';
import { BodyReader } from './body.ts';
import type { DataPlane } from './data-plane.ts';
import { failure, refusal } from './failure.ts';
import { frontOf } from './front.ts';
import { newApp } from './new-app.ts';
import { Departures, leaving, type OnNode, writeOnNode } from './on-node.ts';
import { endings, methodsOf, routerPath, similarPath } from './paths.ts';
import { protocolsOf, type VertexRoutes } from './protocols/index.ts';
import type { RepositoryControl } from './repository-control.ts';
import { requestId, requestIdHeader } from './request-id.ts';
import { type Answer, type Call, type DescribedPaths, type Protocol, plainProblem, type Route, routeHeader } from './route.ts';
import type { StatisticsSource } from './statistics.ts';
import { shown } from './wording.ts';

/** Options of {@link serveApp}. */
export interface ServeAppOptions {
  /** Larger request bodies are refused with 413 and not read; 16 MB unless told. */
  readonly bodyLimitBytes?: number | undefined;
  /** Is told of errors that are not the client's, once each. Writes them to standard error unless told. */
  readonly report?: ((error: unknown) => void) | undefined;
  /** What `/v2/models/stats` tells: give the same to the data plane as its observer. */
  readonly statistics?: StatisticsSource | undefined;
  /** Clients may list, load and put away models; false unless told: whoever may ask a model may not do that. */
  readonly repository?: boolean | undefined;
  /** Who loads and puts away; the data plane of this process unless told. */
  readonly control?: RepositoryControl | undefined;
  /** Where Vertex AI asks; what `AIP_PREDICT_ROUTE` and `AIP_HEALTH_ROUTE` say unless told. */
  readonly vertex?: VertexRoutes | undefined;
  /** What is answered at the same address by others, for the pages that say what can be called. */
  readonly besides?: DescribedPaths | undefined;
  /** Who sent a request: each client gets an equal share of a model that is busy. Unless told, all are one. */
  readonly clientOf?: ((request: Request) => string | undefined) | undefined;
}

/** The largest request body, unless told. */
export const defaultBodyLimitBytes = 16 * 2 ** 20;

/** Tells the operator of an error, with where it came from. */
export const writeError = (error: unknown): void => {
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${shown}\n`);
  if (error instanceof Error && error.cause !== undefined) writeError(error.cause);
};

const codeOf = (e: unknown): string => (StratusError.is(e) ? e.code : 'internal');

/** The parts of a path by name, without the words behind them. */
function paramsOf(c: Context, ends: Readonly<Record<string, number>>): Record<string, string> {
  const params: Record<string, string> = c.req.param();
  for (const name in ends) params[name] = params[name]!.slice(0, -ends[name]!);
  return params;
}

/**
 * Models over HTTP, as an application of web standards: `app.fetch(request)` answers. It speaks the Open Inference Protocol v2,
 * TensorFlow Serving's REST API, and what SageMaker, Vertex AI, Azure ML and KServe ask of a container; every decision is the data plane's.
 *
 * Errors: in the form of each protocol; for most `{ "error": "what is wrong and how to mend it", "code": "bad-request" }`, with a
 * fitting status.
 * Source: Open Inference Protocol v2, REST; TensorFlow Serving, RESTful API.
 *
 * @example
 * import { DataPlane, dense, input, openServable, sequential, serveApp } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const app = serveApp(new DataPlane([await openServable(await net.toBytes(), { name: 'net' })]));
 * console.log((await app.request('/v2/models/net')).status); // 200
 */
export function serveApp(plane: DataPlane, options: ServeAppOptions = {}): Hono {
  const { bodyLimitBytes = defaultBodyLimitBytes, report = writeError, clientOf } = options;
  if (!Number.isSafeInteger(bodyLimitBytes) || bodyLimitBytes < 1)
    throw fail('bad-value', { what: 'bodyLimitBytes', got: String(bodyLimitBytes), want: 'a whole number from 1' });
  const bodies = new BodyReader(bodyLimitBytes);
  const departures = new Departures();
  const app = newApp();
  const protocols = protocolsOf(plane, options);
  const routes = protocols.flatMap((protocol) => protocol.routes);

  /** Sends an answer with what every answer says. */
  const send = (answer: Answer, c: Context, id: string | undefined): Response => {
    const headers = {
      ...answer.headers,
      ...(id !== undefined && { 'x-request-id': id }),
      ...(!plane.ready() && { connection: 'close' }),
    };
    const { outgoing } = (c.env ?? {}) as OnNode;
    if (outgoing && c.req.raw.method !== 'HEAD') return writeOnNode({ ...answer, headers }, outgoing);
    return new Response(answer.body, { status: answer.status, headers });
  };

  const failed = (protocol: Pick<Protocol, 'problem'>, e: unknown, { req: { method, path } }: Context): Answer =>
    failure(protocol, e, { method, path }, report);

  const mount = (protocol: Protocol, route: Route): void => {
    const ends = endings(route.path);
    app.on(route.method, routerPath(route.path), async (c) => {
      const { raw } = c.req;
      const id = requestId(raw.headers.get(requestIdHeader));
      const front = frontOf(raw);
      const params = paramsOf(c, ends);
      const version = params['version'] ?? params['label'];
      const label = raw.headers.get(routeHeader);
      const client = clientOf?.(raw);
      const { outgoing } = (c.env ?? {}) as OnNode;
      const departure = outgoing && departures.of(leaving(outgoing));
      let isTold = false;
      const told = (): void => {
        isTold = true;
      };
      const call: Call = {
        header: (name) => raw.headers.get(name),
        params,
        origin: () => new URL(raw.url).origin,
        ask: () => ({
          protocol: protocol.name,
          signal: departure?.signal ?? raw.signal,
          ...(version !== undefined && { version }),
          ...(id !== undefined && { requestId: id }),
          ...(label !== null && { label }),
          ...(client !== undefined && { client }),
          header: (header) => raw.headers.get(header) ?? undefined,
          told,
          ...(front !== undefined && { front }),
        }),
        withBody: (use) => bodies.withPlainBody(raw, use),
      };
      let answer: Answer;
      try {
        const { model } = params;
        if (model !== undefined) await plane.wake(model, { version, label: label ?? undefined }); // before anything is read
        answer = await route.answer(call);
      } catch (e) {
        answer = failed(protocol, e, c);
        if (!isTold)
          plane.refused({ protocol: protocol.name, code: codeOf(e), status: String(answer.status), model: params['model'] });
      } finally {
        departure?.end();
      }
      return send(answer, c, id ?? front?.requestId);
    });
  };
  for (const protocol of protocols) for (const route of protocol.routes) mount(protocol, route);

  app.notFound((c) => {
    const { method, path } = c.req;
    const protocol = protocols.find(({ prefix }) => prefix !== undefined && `${path}/`.startsWith(`${prefix}/`));
    const form = protocol ?? { problem: plainProblem };
    const allowed = methodsOf(routes, path);
    const allow = allowed.join(', ');
    const wrongMethod = { status: 405, code: 'bad-request', message: `${path} takes ${allowed[0]}, not ${method}.` } as const;
    const message = `There is nothing at ${shown(path)}.${similarPath(routes, path)} GET / tells what can be called.`;
    const id = requestId(c.req.raw.headers.get(requestIdHeader)) ?? frontOf(c.req.raw)?.requestId;
    const isThere = allowed.length > 0;
    const answer = isThere
      ? refusal(form, { ...wrongMethod, method, path }, { allow })
      : refusal(form, { status: 404, code: 'no-path', message, method, path });
    plane.refused({ protocol: protocol?.name ?? 'http', code: isThere ? 'no-method' : 'no-path', status: String(answer.status) });
    return send(answer, c, id);
  });
  app.onError((e, c) => {
    const answer = failed({ problem: plainProblem }, e, c);
    plane.refused({ protocol: 'http', code: codeOf(e), status: String(answer.status) });
    return send(answer, c, undefined);
  });
  return app;
}
