// One of several processes of a server; started by server-workers.ts.
import { beside } from './serve-beside.ts';
import { serveInside } from './serve-inside.ts';
import { openServerApp, type ServerAppOptions } from './server-app.ts';
import type { ServerWorkerStart } from './server-workers.ts';
import { openWorkspace } from './workspace/index.ts';

serveInside(async ({ workspace: which, options }: ServerWorkerStart, { ask, ...tools }) => {
  const workspace = await openWorkspace(which);
  try {
    const app = await openServerApp(workspace, { ...(options as ServerAppOptions), ...tools, beside: beside(ask) });
    app.start();
    return {
      ...app,
      about: undefined,
      async release() {
        await app.release();
        await workspace.close();
      },
    };
  } catch (e) {
    await workspace.close();
    throw e;
  }
});
