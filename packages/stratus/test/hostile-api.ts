// Requests to the REST API of `stratus serve`: every route that it declares, with names, queries and bodies of any kind.
import { groups } from '../src/api/routes/index.ts';
import type { HttpRequest } from './hostile-requests.ts';
import { bentBytes, bentValue, oddTexts, oddValue } from './hostile-values.ts';
import type { Seeded } from './seeded.ts';

/** All but the ones whose answer does not end. */
const routes = Object.values(groups)
  .flat()
  .filter(({ gives }) => gives !== 'text/event-stream');

const names = ['a', 'b', 'default', 'net', '1', 'loss', ...oddTexts];
const encoded = (text: string): string => encodeURIComponent(/\p{Surrogate}/u.test(text) ? 'x' : text) || 'x';
const fieldsOf = (schema: unknown): string[] => Object.keys((schema as { readonly shape?: object } | undefined)?.shape ?? {});

/** Bodies that some route takes as they are. */
const right: Readonly<Record<string, unknown>> = {
  createRun: { key: 'a', params: { x: 1 }, tags: { a: 'b' } },
  appendMetrics: { points: [{ name: 'loss', step: 1, value: 0.5 }] },
  createProject: { name: 'other' },
};

function bodyFor(id: string, schema: unknown, random: Seeded): Buffer {
  const known = right[id];
  if (known !== undefined && random.chance(0.7))
    return Buffer.from(JSON.stringify(random.chance(0.3) ? known : bentValue(known, random)) ?? '');
  const entries = fieldsOf(schema)
    .filter(() => random.chance(0.7))
    .map((field) => [field, random.chance(0.3) ? random.pick(names) : oddValue(random)]);
  const text = Buffer.from(JSON.stringify(random.chance(0.1) ? oddValue(random) : Object.fromEntries(entries)));
  return random.chance(0.2) ? bentBytes(text, random) : text;
}

/** A request to some route. */
export function apiRequest(random: Seeded): HttpRequest {
  const route = random.pick(routes);
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'project' && random.chance(0.8) ? 'default' : encoded(random.pick(random.chance(0.7) ? names.slice(0, 6) : names)),
  );
  const keys = [...fieldsOf(route.query), ...(random.chance(0.1) ? [random.pick(oddTexts)] : [])].filter(() =>
    random.chance(0.4),
  );
  const query = keys.map(
    (key) => `${encoded(key)}=${encoded(String(random.chance(0.5) ? random.below(20) : random.pick(oddTexts)))}`,
  );
  const hasBody = route.body !== undefined || route.takes !== undefined;
  return {
    to: 'api',
    method: route.method.toUpperCase(),
    path: `/api/v1${path}${query.length > 0 ? `?${query.join('&')}` : ''}`,
    headers: hasBody
      ? { 'content-type': random.chance(0.9) ? 'application/json' : random.pick(['text/plain', 'x', 'a/b; charset=utf-16']) }
      : {},
    body: hasBody ? bodyFor(route.id, route.body, random) : Buffer.alloc(0),
  };
}
