import { fail, StratusError } from '@stratus/core';
import type { Context, Hono } from 'hono';
import { BodyReader, type DescribedPaths, newApp, statusOf } from '../serve/index.ts';
import type { Label } from './feedback.ts';
import { pathOf, type ScopeOptions } from './front.ts';
import { metricsApp } from './metrics-app.ts';
import type { Watching } from './monitor.ts';

/** So many labels in one request, and so many bytes. */
const [mostLabels, bodyLimitBytes] = [10_000, 4 * 2 ** 20];

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x);

/** Errors: `bad-request`. */
function labelsOf(text: string): Label[] {
  const bad = (what: string, cause?: unknown) =>
    fail(
      'bad-request',
      {
        reason: `${what}; it must be { "request_id": "…", "label": … }, or { "labels": [ … ] } with up to ${mostLabels} of them.`,
      },
      cause,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw bad('The body is not JSON', e);
  }
  const list: unknown = isRecord(value) && 'labels' in value ? value['labels'] : [value];
  if (!Array.isArray(list) || list.length > mostLabels) throw bad('The body is not a label, nor a list of them');
  return (list as unknown[]).map((entry, i) => {
    const id = isRecord(entry) ? entry['request_id'] : undefined;
    if (typeof id !== 'string' || id === '' || id.length > 128 || !('label' in (entry as object)))
      throw bad(`Label ${i + 1} has no 'request_id' of 1 to 128 characters or no 'label'`);
    return { requestId: id, label: (entry as Readonly<Record<string, unknown>>)['label'] };
  });
}

const decoder = new TextDecoder();

/** Takes labels whose requests this server does not know to the one that does. Errors: where they could not be left. */
export type PassLabels = (model: string, labels: readonly Label[]) => Promise<void>;

/** What is asked of a monitor besides. */
export interface MonitorAppOptions {
  /** Where servers share a registry; elsewhere who sends a label of an unknown request is told so. */
  readonly passLabels?: PassLabels | undefined;
}

const notHere =
  'Requests with these ids are not known to this server: it knows the last ones that it has answered itself, by the id that the answer has in X-Request-Id. Send a label to the server that has answered; or have all servers follow one registry (stratus deploy NAME@production --store postgres://…), then they pass labels on to one another.';

/** Paths that are about watching; everything else is the server's own. */
const isMonitorPath = (path: string): boolean => /^\/(metrics|v2\/monitor|v2\/models\/[^/]+\/(monitor|feedback))\/?$/.test(path);

const label = {
  type: 'object',
  properties: {
    request_id: { type: 'string', minLength: 1, maxLength: 128, description: 'what X-Request-Id of the answer says' },
    label: { description: 'the right answer: a class by its number or name, a number, or a list with one for each row' },
  },
  required: ['request_id', 'label'],
};

/** The paths of {@link monitorApp}, for those who describe what can be called. */
export const monitorPaths = ({ metrics }: Pick<Watching, 'metrics'>): DescribedPaths => ({
  name: 'monitor',
  routes: [
    {
      method: 'POST',
      path: '/v2/models/{model}/feedback',
      about: 'tells the right answers to requests that were answered',
      takes: {
        oneOf: [
          label,
          { type: 'object', properties: { labels: { type: 'array', items: label, maxItems: mostLabels } }, required: ['labels'] },
        ],
      },
    },
    { method: 'GET', path: '/v2/models/{model}/monitor', about: 'traffic, drift, and live accuracy of a model' },
    { method: 'GET', path: '/v2/monitor', about: 'the same of all models, and what is refused' },
    ...(metrics ? [{ method: 'GET', path: '/metrics', about: 'metrics for Prometheus' } as const] : []),
  ],
});

/**
 * What is asked about a monitor: `GET /metrics`, `GET /v2/monitor`, `GET /v2/models/NAME/monitor`, `POST /v2/models/NAME/feedback`.
 *
 * Errors: as JSON, `{ "error", "code" }`, with a fitting status.
 *
 * @example
 * import { monitorApp, startMonitor } from 'stratus';
 * const monitor = await startMonitor(() => [{ name: 'net', version: '1' }]);
 * const report = await (await monitorApp(monitor).request('/v2/models/net/monitor')).json();
 * console.log(report.models[0].traffic.requests); // 0
 * await monitor.close();
 */
export function monitorApp(monitor: Watching, { passLabels }: MonitorAppOptions = {}): Hono {
  const app = newApp();
  const bodies = new BodyReader(bodyLimitBytes);
  if (monitor.metrics) app.route('/', metricsApp(monitor.metrics));
  const named = (c: Context): string => {
    const name = c.req.param('model')!;
    const known = monitor.names();
    if (!known.includes(name)) throw fail('model-not-found', { name, known });
    return name;
  };
  app.get('/v2/monitor', async (c) => c.json(await monitor.report()));
  app.get('/v2/models/:model/monitor', async (c) => c.json(await monitor.report(named(c))));
  app.post('/v2/models/:model/feedback', async (c) => {
    const name = named(c);
    const labels = await bodies.withPlainBody(c.req.raw, async (body) => labelsOf(decoder.decode(body)));
    const { accepted, already, unknown } = await monitor.label(name, labels);
    const taken = { accepted, ...(already.length > 0 && { already }) };
    if (unknown.length === 0) return c.json({ ...taken, unknown });
    if (!passLabels) {
      if (accepted > 0 || already.length > 0) return c.json({ ...taken, unknown, reason: notHere });
      return c.json({ accepted, unknown, error: notHere, code: 'unknown-name' }, 404);
    }
    const ids = new Set(unknown);
    await passLabels(
      name,
      labels.filter(({ requestId }) => ids.has(requestId)),
    );
    return c.json({ ...taken, unknown: [], passed: unknown }, accepted === 0 && already.length === 0 ? 202 : 200);
  });
  app.all('/v2/models/:model/feedback', (c) =>
    c.json({ error: `${c.req.path} takes POST, not ${c.req.method}.`, code: 'bad-request' }, 405, { allow: 'POST' }),
  );
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.method} ${c.req.path}.`, code: 'bad-request' }, 404));
  app.onError((e, c) => {
    if (!StratusError.is(e)) return c.json({ error: 'internal error', code: 'internal' }, 500);
    return c.json({ error: e.message, code: e.code }, statusOf[e.code]);
  });
  return app;
}

/**
 * Puts a monitor before a server: its own paths, and every request within its scope, with an id that it and its answer have in `X-Request-Id`.
 *
 * @example
 * import { monitored, startMonitor } from 'stratus';
 * const monitor = await startMonitor(() => []);
 * const fetch = monitored(monitor, () => new Response('the server itself'));
 * const response = await fetch(new Request('http://localhost/', { headers: { 'x-request-id': 'a-1' } }));
 * console.log(response.headers.get('x-request-id')); // a-1
 * await monitor.close();
 */
export function monitored<Rest extends unknown[]>(
  monitor: Watching,
  fetch: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  { passLabels, ...options }: ScopeOptions & MonitorAppOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const app = monitorApp(monitor, { passLabels });
  return (request, ...rest) =>
    monitor.within(request, (own) => (isMonitorPath(pathOf(own.url)) ? app.fetch(own) : fetch(own, ...rest)), options);
}
