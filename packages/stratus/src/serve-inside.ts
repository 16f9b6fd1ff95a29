// What every worker does, whatever it serves.
import { availableParallelism } from 'node:os';
import { createExecutor, type Executor } from '@stratus/core';
import { trimmingMemory } from './memory-trimming.ts';
import type { MonitorOptions } from './monitor/index.ts';
import type { WorkerStart } from './serve-workers.ts';
import type { Elsewhere, ServedApp } from './served-app.ts';
import { httpServer } from './sockets/index.ts';
import { type AskPort, workInside } from './workers/index.ts';

/** What a worker makes its app with, besides its options. */
export interface WorkerTools {
  readonly executor: Executor;
  readonly report: (error: unknown) => void;
  readonly elsewhere: Elsewhere;
  readonly ask: AskPort;
}

/** An app in a worker, and what is told of it to the process that has the ports. */
export type WorkerApp = ServedApp & { readonly about: unknown };

/** Lets this process serve for the one that has started it. */
export function serveInside<Start extends WorkerStart>(make: (start: Start, tools: WorkerTools) => Promise<WorkerApp>): void {
  workInside(async (start: Start, ask) => {
    // All together have as many threads as there are cores; more would only wait for each other.
    const threads = Math.max(1, Math.floor(availableParallelism() / start.workers));
    const executor = await createExecutor({ threads });
    const report = (error: unknown): void =>
      void ask('report', error instanceof Error ? (error.stack ?? error.message) : String(error)).catch(() => {});
    const { workers, metricsType } = start;
    const app = await make(
      { ...start, options: withOwnFiles(start) },
      { executor, report, elsewhere: { ask, workers, metricsType }, ask },
    );
    const http = await httpServer(app.fetch, app.http);
    const grpc = start.grpc ? await (await import('./grpc/index.ts')).grpcDoor(app.plane, app.grpc) : undefined;
    const endTrimming = trimmingMemory();
    const followed = [...app.followed, ...(http.certificates ? [http.certificates] : [])];
    return {
      doors: { http: http.server, ...(grpc && { grpc: grpc.server }) },
      about: app.about,
      answers: app.answers,
      async stop(drainMs: number) {
        endTrimming();
        app.drain();
        await Promise.all([http.drain(drainMs), grpc?.stop()]);
        await app.release();
      },
      async reload() {
        await Promise.all(followed.map((one) => one.reload()));
      },
    };
  });
}

/** Files that several processes write have names of their own. */
function withOwnFiles({ options, slot }: WorkerStart): object {
  const { monitor } = options as { readonly monitor?: MonitorOptions | false };
  if (monitor === false || monitor?.capture === undefined) return options;
  const { name = 'requests' } = monitor.capture;
  return { ...options, monitor: { ...monitor, capture: { ...monitor.capture, name: `${name}-${slot}` } } };
}
