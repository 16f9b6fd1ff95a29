import { serveWorkers, type WorkerStart, type WorkersOf, type WorkersOptions, workerOptions } from './serve-workers.ts';
import type { ServerOptions } from './server.ts';
import type { WorkspaceOptions } from './workspace/index.ts';

/** What all workers of a server are told. */
export interface ServerWorkerStart extends WorkerStart {
  readonly workspace: WorkspaceOptions;
}

/** Answers for a workspace from several processes that share its ports. Errors: those of `startServer`. */
export async function serveServerWorkers(
  options: Omit<ServerOptions, keyof WorkersOptions> & WorkersOptions,
  ends: Pick<WorkersOf, 'onStopping' | 'onStopped'>,
) {
  const { store, blobs, project, actor, folder, uploadLimitBytes, heartbeatMs } = options;
  const { listening, list } = await serveWorkers(options, {
    ...ends,
    script: new URL('server-worker.js', import.meta.url),
    start: { workspace: { store, blobs, project, actor, folder } },
    options: { ...workerOptions(options), uploadLimitBytes, heartbeatMs },
    answers: (askAll) => ({ look: () => askAll('look') }),
    catchUp: [['look', undefined]],
  });
  return { listening, list };
}
