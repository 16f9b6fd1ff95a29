import { fail, StratusError } from '@stratus/core';
import type { Context, Hono } from 'hono';
import { BodyReader } from './body.ts';
import type { DataPlane } from './data-plane.ts';
import { newApp } from './new-app.ts';
import { Departures, type OnNode, writeOnNode } from './on-node.ts';
import { endings, methodsOf, routerPath, similarPath } from './paths.ts';
import { protocolsOf, type VertexRoutes } from './protocols/index.ts';
import { type Answer, answerOf, type Call, type Problem, type Protocol, plainProblem, type Route } from './route.ts';
import type { Statistics } from './statistics.ts';
import { statusOf } from './status.ts';
import { didYouMean, shown } from './wording.ts';

/** Options of {@link serveApp}. */
export interface ServeAppOptions {
  /** Larger request bodies are refused with 413 and not read; 16 MB unless told. */
  readonly bodyLimitBytes?: number | undefined;
  /** Is told of errors that are not the client's, once each. Writes them to standard error unless told. */
  readonly report?: ((error: unknown) => void) | undefined;
  /** What `/v2/models/stats` tells: give the same to the data plane as its observer. */
  readonly statistics?: Statistics | undefined;
  /** Clients may list, load and put away models; false unless told: whoever may ask a model may not do that. */
  readonly repository?: boolean | undefined;
  /** Where Vertex AI asks; what `AIP_PREDICT_ROUTE` and `AIP_HEALTH_ROUTE` say unless told. */
  readonly vertex?: VertexRoutes | undefined;
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

/** Says which route of a model's traffic rule a request takes. */
const routeHeader = 'stratus-route';

/** An id that may stand in a header and in a line of a log. */
const requestId = (request: Request): string | undefined => {
  const given = request.headers.get('x-request-id');
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
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

  const refusal = ({ problem }: Pick<Protocol, 'problem'>, what: Problem, headers: Record<string, string> = {}): Answer => {
    const { body, status = what.status } = problem(what);
    return answerOf('application/json', JSON.stringify(body), { status, headers });
  };

  const failed = (protocol: Pick<Protocol, 'problem'>, e: unknown, { req }: Context): Answer => {
    const place = { method: req.method, path: req.path };
    if (!StratusError.is(e)) {
      report(e);
      return refusal(protocol, { status: 500, code: 'internal', message: 'internal error', ...place });
    }
    const status: number = statusOf[e.code];
    if (status === 500) report(e);
    const {
      name,
      known,
      retryAfterMs = 1000,
    } = e.details as {
      readonly name?: string;
      readonly known?: readonly string[];
      readonly retryAfterMs?: number;
    };
    const suggestion = e.code === 'model-not-found' ? didYouMean(name!, known!) : '';
    const headers =
      status === 503 || status === 429 ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) } : {};
    return refusal(protocol, { status, code: e.code, message: e.message + suggestion, ...place }, headers);
  };

  const mount = (protocol: Protocol, route: Route): void => {
    const ends = endings(route.path);
    app.on(route.method, routerPath(route.path), async (c) => {
      const { raw } = c.req;
      const id = requestId(raw);
      const params = paramsOf(c, ends);
      const version = params['version'] ?? params['label'];
      const label = raw.headers.get(routeHeader);
      const client = clientOf?.(raw);
      const { outgoing } = (c.env ?? {}) as OnNode;
      const departure = outgoing && departures.of(outgoing);
      let isTold = false;
      const told = (): void => {
        isTold = true;
      };
      const call: Call = {
        request: raw,
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
      return send(answer, c, id);
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
    const id = requestId(c.req.raw);
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
