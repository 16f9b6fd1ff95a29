import { fail, StratusError } from '@stratus/core';
import { type Context, Hono } from 'hono';
import { BodyReader } from './body.ts';
import type { DataPlane } from './data-plane.ts';
import { readJson, writeResponse } from './json.ts';
import { noBinaryData } from './protocol.ts';
import { readRecords } from './read-records.ts';
import { writePredictions } from './records.ts';
import { statusOf } from './status.ts';
import { welcome, welcomePage } from './welcome.ts';
import { didYouMean, shown } from './wording.ts';

/** Options of {@link serveApp}. */
export interface ServeAppOptions {
  /** Larger request bodies are refused with 413 and not read; 16 MB unless told. */
  readonly bodyLimitBytes?: number | undefined;
  /** Is told of errors that are not the client's, once each. Writes them to standard error unless told. */
  readonly report?: ((error: unknown) => void) | undefined;
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

const json = { 'content-type': 'application/json' };
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A body that is as it is. Errors: `bad-request` for a compressed one. */
function plainBody(body: Uint8Array, headers: Headers): Uint8Array {
  const encoding = headers.get('content-encoding') ?? '';
  if (encoding === '' || encoding === 'identity') return body;
  throw fail('bad-request', { reason: `The body has the content encoding ${shown(encoding)}; send it without.` });
}

/** The JSON value in a body. Errors: `bad-request`. */
async function valueOf(given: Uint8Array, headers: Headers): Promise<unknown> {
  if (headers.has('inference-header-content-length')) throw fail('bad-request', { reason: noBinaryData });
  const body = plainBody(given, headers);
  if (body.length === 0) throw fail('bad-request', { reason: 'The body is empty; send an inference request as JSON.' });
  let text: string;
  try {
    text = decoder.decode(body);
  } catch (e) {
    throw fail('bad-request', { reason: 'The body is not UTF-8 text; send an inference request as JSON.' }, e);
  }
  return readJson(text);
}

/** What there is to call, for suggestions; `*` is a name. */
const paths = [
  '/predict',
  '/v2',
  '/v2/health/live',
  '/v2/health/ready',
  '/v2/models',
  '/v2/models/*',
  '/v2/models/*/ready',
  '/v2/models/*/infer',
  '/v2/models/*/predict',
  '/v2/models/*/example',
];

/** `/v2/model/x/infer` -> `/v2/models/x/infer` */
function similarPath(path: string): string {
  const parts = path.split('/');
  const known = paths
    .filter((p) => p.split('/').length === parts.length)
    .map((p) =>
      p
        .split('/')
        .map((part, i) => (part === '*' ? parts[i]! : part))
        .join('/'),
    );
  return didYouMean(path, known);
}

/**
 * The Open Inference Protocol v2 over HTTP, as an application of web standards: `app.fetch(request)` answers. It speaks HTTP only;
 * every decision is the data plane's.
 *
 * Errors: as JSON, `{ "error": "what is wrong and how to mend it", "code": "bad-request" }`, with a fitting status.
 * Source: Open Inference Protocol v2, REST.
 *
 * @example
 * import { DataPlane, dense, input, openServable, sequential, serveApp } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const app = serveApp(new DataPlane([await openServable(await net.toBytes(), { name: 'net' })]));
 * console.log((await app.request('/v2/models/net')).status); // 200
 */
export function serveApp(
  plane: DataPlane,
  { bodyLimitBytes = defaultBodyLimitBytes, report = writeError }: ServeAppOptions = {},
): Hono {
  if (!Number.isSafeInteger(bodyLimitBytes) || bodyLimitBytes < 1)
    throw fail('bad-value', { what: 'bodyLimitBytes', got: String(bodyLimitBytes), want: 'a whole number from 1' });
  const bodies = new BodyReader(bodyLimitBytes);
  const app = new Hono({ strict: false });
  const chosen = (c: Context) => ({ name: c.req.param('model')!, version: c.req.param('version') });

  app.use(async (c, next) => {
    await next();
    if (!plane.ready()) c.header('connection', 'close');
  });

  const get = (path: string, answer: (c: Context) => Response | Promise<Response>): void => {
    app.get(path, answer);
    app.all(path, (c) =>
      c.json({ error: `${c.req.path} takes GET, not ${c.req.method}.`, code: 'bad-request' }, 405, { allow: 'GET, HEAD' }),
    );
  };
  const post = (path: string, answer: (c: Context) => Promise<Response>): void => {
    app.post(path, answer);
    app.all(path, (c) =>
      c.json({ error: `${c.req.path} takes POST, not ${c.req.method}.`, code: 'bad-request' }, 405, { allow: 'POST' }),
    );
  };

  const predict = async (c: Context, { name, version }: { readonly name: string; readonly version?: string | undefined }) => {
    const steps = plane.preprocessing(name, { version }); // before anything is read
    const { raw } = c.req;
    const text = await bodies.withBody(raw, async (body) => {
      const records = await readRecords(plainBody(body, raw.headers), raw.headers.get('content-type') ?? '', steps);
      return writePredictions(
        await plane.predict(name, records, { version, signal: raw.signal, label: c.req.header(routeHeader) }),
      );
    });
    return c.body(text, 200, json);
  };

  get('/', (c) => {
    const { origin } = new URL(c.req.url);
    return /\btext\/html\b/.test(c.req.header('accept') ?? '')
      ? c.html(welcomePage(plane, origin))
      : c.json(welcome(plane, origin));
  });
  get('/v2', (c) => c.json(plane.serverMetadata()));
  get('/v2/health/live', (c) => c.json({ live: plane.live() }));
  get('/v2/health/ready', (c) => c.json({ live: plane.live(), ready: plane.ready() }, plane.ready() ? 200 : 503));
  get('/v2/models', (c) => c.json({ models: plane.models() }));
  post('/predict', (c) => {
    const [name, ...others] = plane.models();
    if (name !== undefined && others.length === 0) return predict(c, { name });
    const paths = plane.models().map((own) => `/v2/models/${own}/predict`);
    throw fail('bad-request', { reason: `There are several models; ask one of them: POST ${paths.join(', ')}.` });
  });
  for (const model of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.use(`${model}/*`, async (c, next) => {
      const isOther = c.req.param('version') === undefined && c.req.path.split('/')[4] === 'versions';
      if (!isOther) await plane.wake(chosen(c).name, chosen(c)); // before anything is read
      await next();
    });
    get(model, (c) => c.json(plane.modelMetadata(chosen(c).name, chosen(c))));
    get(`${model}/ready`, (c) => {
      const { name, version } = chosen(c);
      const ready = plane.modelReady(name, { version });
      return c.json({ name, ready }, ready ? 200 : 503);
    });
    get(`${model}/example`, (c) => c.json(plane.example(chosen(c).name, chosen(c))));
    post(`${model}/predict`, (c) => predict(c, chosen(c)));
    post(`${model}/infer`, async (c) => {
      const { name, version } = chosen(c);
      const { raw } = c.req;
      const text = await bodies.withBody(raw, async (body) => {
        const { parseRequest } = await import('./parse-request.ts');
        const request = parseRequest(await valueOf(body, raw.headers));
        return writeResponse(await plane.infer(name, request, { version, signal: raw.signal, label: c.req.header(routeHeader) }));
      });
      return c.body(text, 200, json);
    });
  }

  app.notFound((c) => {
    const error = `There is nothing at ${shown(c.req.path)}.${similarPath(c.req.path)} GET / tells what can be called.`;
    return c.json({ error, code: 'bad-request' }, 404);
  });
  app.onError((e, c) => {
    if (!StratusError.is(e)) {
      report(e);
      return c.json({ error: 'internal error' }, 500);
    }
    const status = statusOf[e.code];
    if (status === 500) report(e);
    if (e.code === 'busy') c.header('retry-after', String(Math.ceil(Number(e.details['retryAfterMs'] ?? 1000) / 1000)));
    const { name, known } = e.details as { readonly name?: string; readonly known?: readonly string[] };
    const suggestion = e.code === 'model-not-found' ? didYouMean(name!, known!) : '';
    return c.json({ error: e.message + suggestion, code: e.code }, status);
  });
  return app;
}
