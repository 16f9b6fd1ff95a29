// A real server of `stratus serve` in this process, and a `fetch` that checks every answer against the schema of its route.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problem } from '../src/api/problem.ts';
import type { AnyRoute } from '../src/api/route.ts';
import { groups } from '../src/api/routes/index.ts';
import { type ServerOptions, type StratusServer, startServer } from '../src/server.ts';

export const routes: readonly AnyRoute[] = Object.values(groups).flat();

const patterns = routes.map((route) => ({
  route,
  pattern: new RegExp(`^/api/v1${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The route that answers a request. The longest path that fits is the one with fewest parameters. */
export const routeOf = (method: string, path: string): AnyRoute | undefined =>
  patterns
    .filter(({ route, pattern }) => route.method === (method === 'HEAD' ? 'get' : method.toLowerCase()) && pattern.test(path))
    .sort((a, b) => a.route.path.split('{').length - b.route.path.split('{').length)[0]?.route;

/** Checks answers, and remembers which routes have given a good one. */
export class Checking {
  readonly answered = new Set<string>();
  readonly statuses = new Map<number, number>();

  readonly fetch = async (...[url, init]: Parameters<typeof fetch>): Promise<Response> => {
    const response = await fetch(url, init);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    await this.check(String(url), init?.method ?? 'GET', isJson ? response.clone() : response);
    return response;
  };

  async check(url: string, method: string, response: Response): Promise<void> {
    const pathname = new URL(url).pathname.replace(/\/$/, ''); // what '..' is the name of lies above
    const { status } = response;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (!pathname.startsWith('/api/v1')) return;
    const about = `${method} ${pathname} answers ${status}`;
    if (!response.headers.has('x-request-id')) throw new Error(`${about} without a request id`);
    if (status >= 400) {
      if (method === 'HEAD' || status === 416) return;
      if (response.headers.get('content-type') !== 'application/problem+json') throw new Error(`${about} without a problem`);
      const told = problem.strict().parse(await response.json());
      if (told.status !== status) throw new Error(`${about}, but says ${told.status}`);
      return;
    }
    const route = routeOf(method, pathname);
    if (route === undefined) throw new Error(`${about}, and is no route`);
    this.answered.add(route.id);
    if (route.gives !== undefined) return;
    const wanted = route.status ?? (route.answer ? 200 : 204);
    if (status !== wanted) throw new Error(`${about}, but its route says ${wanted}`);
    if (!route.answer) return;
    const text = await response.text();
    const value: unknown = JSON.parse(text);
    const parsed = route.answer.parse(value);
    if (JSON.stringify(sorted(parsed)) !== JSON.stringify(sorted(value)))
      throw new Error(`${about} with more than its schema has: ${text}`);
  }
}

/** With keys in order, so that what a schema does not know shows. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

export interface TestServer extends StratusServer {
  /** What it reported: errors that were its own. */
  readonly reported: readonly unknown[];
  readonly end: () => Promise<void>;
}

/** Starts a server on a free port, with a folder of its own unless one is given. */
export async function testServer(options: ServerOptions = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-api-'));
  const reported: unknown[] = [];
  const server = await startServer({
    folder,
    blobs: join(folder, 'blobs'),
    port: 0,
    stopOn: [],
    lookMs: 50,
    report: (e) => void reported.push(e),
    ...options,
  });
  return {
    ...server,
    reported,
    async end() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
