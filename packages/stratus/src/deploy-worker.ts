// One of several processes that serve a model; started by deploy-workers.ts.
import { availableParallelism } from 'node:os';
import { createExecutor } from '@stratus/core';
import { type DeployedAppOptions, openDeployedApp } from './deploy-app.ts';
import type { WorkerAbout, WorkerStart } from './deploy-workers.ts';
import type { TakeTurn } from './keys/index.ts';
import { httpServer } from './sockets/index.ts';
import { workInside } from './workers/index.ts';

workInside(async ({ model, options, workers, url }: WorkerStart, ask) => {
  // All together have as many threads as there are cores; more would only wait for each other.
  const threads = Math.max(1, Math.floor(availableParallelism() / workers));
  const executor = await createExecutor({ threads });
  const report = (error: unknown): void =>
    void ask('report', error instanceof Error ? (error.stack ?? error.message) : String(error));
  const beside = (request: Request): Promise<Response> | undefined =>
    new URL(request.url).pathname === '/workers' ? ask('workers').then((list) => Response.json({ workers: list })) : undefined;
  const takeTurn: TakeTurn = (...who) => ask('turn', who) as Promise<number>; // one share for all workers
  const app = await openDeployedApp(model, { ...(options as DeployedAppOptions), executor, report, beside, takeTurn });
  const server = await httpServer(app.fetch, app.http);
  const about: WorkerAbout = { name: app.name, needsKey: app.needsKey, tryIt: await app.tryIt(url) };
  return {
    server,
    about,
    onStopping: app.drain,
    onStopped: app.release,
    async reload() {
      await Promise.all([...app.followed, ...(server.certificates ? [server.certificates] : [])].map((one) => one.reload()));
    },
  };
});
