// A workspace behind MLflow's protocol on the loopback, and what was said there.
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { type MlflowAppOptions, mlflowApp } from '../src/mlflow/index.ts';
import { openWorkspace, type Workspace } from '../src/workspace/index.ts';

/** A request and its answer, as they are recorded. Bodies that are no JSON are base64. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly json?: unknown;
  readonly base64?: string;
  readonly status: number;
  readonly answer?: unknown;
}

export interface MlflowServer {
  readonly app: Hono;
  readonly workspace: Workspace;
  readonly errors: readonly unknown[];
  close(): Promise<void>;
}

let projects = 0;

/** A workspace of its own; `store`: a server's address, else a file. */
export async function openApp(options: MlflowAppOptions & { readonly store?: string } = {}): Promise<MlflowServer> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-mlflow-'));
  const { store = join(folder, 'store.db'), ...rest } = options;
  const project = `mlflow-${process.pid}-${++projects}`;
  const workspace = await openWorkspace({ store, blobs: join(folder, 'blobs'), project, actor: 'tester', folder });
  const errors: unknown[] = [];
  return {
    app: await mlflowApp(workspace, { report: (e) => errors.push(e), ...rest }),
    workspace,
    errors,
    async close() {
      await workspace.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isJson = (type: string | null): boolean => /^application\/json/.test(type ?? '');

/** Answers with an application on the loopback. `record` is told of everything that was said. */
export async function listen(
  app: Hono,
  record?: (exchange: Exchange) => void,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const fetch = async (request: Request): Promise<Response> => {
    if (record === undefined) return await app.fetch(request);
    const body = Buffer.from(await request.clone().arrayBuffer());
    const response = await app.fetch(request);
    const answer = Buffer.from(await response.clone().arrayBuffer());
    const { pathname, search } = new URL(request.url);
    const type = request.headers.get('content-type');
    const said =
      body.length === 0
        ? {}
        : isJson(type) && !/mlflow-artifacts\/artifacts/.test(pathname)
          ? { json: JSON.parse(body.toString()) }
          : { base64: body.toString('base64') };
    record({
      method: request.method,
      path: pathname + search,
      ...(type !== null && { type }),
      ...said,
      status: response.status,
      ...(isJson(response.headers.get('content-type')) && { answer: JSON.parse(answer.toString()) }),
    });
    return response;
  };
  const server = serve({ fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((done) => server.once('listening', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
