// One of several processes that serve a model; started by deploy-workers.ts.
import { type DeployedAppOptions, openDeployedApp } from './deploy-app.ts';
import type { DeployWorkerStart, WorkerAbout } from './deploy-workers.ts';
import { beside } from './serve-beside.ts';
import { serveInside } from './serve-inside.ts';

serveInside(async ({ model, options, url }: DeployWorkerStart, { ask, ...tools }) => {
  const app = await openDeployedApp(model, {
    ...(options as DeployedAppOptions),
    ...tools,
    beside: beside(ask),
    takeTurn: (...who) => ask('turn', who) as Promise<number>, // one share for all workers
  });
  const about: WorkerAbout = { name: app.name, needsKey: app.needsKey, tryIt: await app.tryIt(url) };
  return { ...app, about };
});
