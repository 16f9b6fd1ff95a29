import { fail } from '@stratus/core';
import { checkWorkers } from './check-workers.ts';
import { defaultPort } from './container.ts';
import type { GrpcPlace } from './grpc-port.ts';
import type { SuperviseOptions, Supervisor } from './jobs/index.ts';
import type { Listening } from './listen.ts';
import { writeError } from './serve/index.ts';
import type { ServingPlace } from './serve-here.ts';
import type { ServedOptions } from './served-options.ts';
import type { BringingHome } from './tracking/index.ts';
import type { WorkerStatus } from './workers/index.ts';
import { openWorkspace, type Workspace, type WorkspaceOptions } from './workspace/index.ts';

/** Options of {@link startServer}. */
export interface ServerOptions extends WorkspaceOptions, ServedOptions {
  /** Larger files are refused; 16 GB unless told. */
  readonly uploadLimitBytes?: number | undefined;
  /** Between two signs of life of a stream of events, in milliseconds; 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** Runs the jobs of its project too, as `superviseJobs` does; runs none where it is left out. */
  readonly jobs?: SuperviseOptions | undefined;
}

/** A server that runs. */
export interface StratusServer extends GrpcPlace {
  /** Where to reach it from this machine: 'http://127.0.0.1:8080'. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Where its store and its files are, without passwords. */
  readonly store: string;
  readonly blobs: string;
  readonly project: string;
  /** False while there is no token at all: then programs of this machine may do everything. */
  readonly needsToken: boolean;
  /** What each worker is doing, with its memory; empty without `workers`. */
  workers(): readonly WorkerStatus[];
  /** Stops: takes no new connections, ends streams of events, lets requests on their way finish and jobs save what they have, frees models and the store. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts everything in one process, or in several with `workers`: the REST API (`/api/v1`, described at `/api`), what MLflow's client asks for (`/api/2.0/mlflow`), the models of the registry (Open Inference
 * Protocol v2): of each `@production`, or its newest version; and, where that is wanted, the jobs of its project.
 *
 * It answers this machine alone, and openly, as long as there is no token; where it listens to others, tokens have to be there.
 *
 * Errors: those of `openWorkspace`; `usage` where other machines could ask without a token; `port-in-use`, `cannot-listen`, `aborted`.
 *
 * @example no-run
 * import { startServer } from 'stratus';
 * const server = await startServer({ port: 0 });
 * const { runs } = await (await fetch(`${server.url}/api/v1/projects/default/runs`)).json();
 * console.log(runs.length);
 * await server.stop();
 */
export async function startServer(options: ServerOptions = {}): Promise<StratusServer> {
  const workspace = await openWorkspace(options);
  try {
    return await started(workspace, options);
  } catch (e) {
    await workspace.close();
    throw e;
  }
}

async function started(workspace: Workspace, options: ServerOptions): Promise<StratusServer> {
  const { host = '127.0.0.1', port = defaultPort, stopOn = ['SIGTERM', 'SIGINT'], drainMs = 10_000 } = options;
  const { report = writeError, workers = 1, signal } = options;
  checkWorkers(workers);
  const { store, blobs } = workspace;
  const { isLoopback } = await import('./keys/index.ts');
  const hasTokens = await store.tokens.any();
  if (!isLoopback(host) && !hasTokens)
    throw fail('usage', {
      reason: `On ${host} other machines could ask, and there is no token yet, so everybody could do everything.`,
      fix: 'Make one first: stratus tokens create NAME --role admin --all-projects. Or listen on 127.0.0.1.',
    });
  let supervisor: Supervisor | undefined;
  let home: BringingHome | undefined;
  const place: ServingPlace = {
    ...{ host, port, grpcPort: options.grpcPort, stopOn, drainMs, report, signal },
    onStopping: () => void supervisor?.stop(), // jobs save while requests finish
  };
  const end = async (): Promise<void> => {
    await Promise.all([supervisor?.stop(), home?.stop()]);
    await workspace.close();
  };
  const { listening, list } = await listenWith(workspace, { ...options, workers }, { place, end });
  try {
    // Last: a server that finds its port taken has begun no job. By this process alone, however many answer.
    if (options.jobs !== undefined) {
      supervisor = (await import('./jobs/index.ts')).superviseJobs(workspace, options.jobs);
      home = (await import('./tracking/index.ts')).keepBringingHome(workspace, { trouble: report });
    }
  } catch (e) {
    await listening.stop();
    throw e;
  }
  return {
    ...listening,
    host,
    store: store.address,
    blobs: blobs.address,
    project: store.project,
    needsToken: hasTokens || !isLoopback(host),
    workers: list,
  };
}

interface Ports {
  readonly listening: Listening & GrpcPlace;
  readonly list: () => readonly WorkerStatus[];
}

/** Answers with this process, or with several. */
async function listenWith(
  workspace: Workspace,
  options: ServerOptions & { readonly workers: number },
  { place, end }: { readonly place: ServingPlace; readonly end: () => Promise<void> },
): Promise<Ports> {
  if (options.workers > 1) {
    const { serveServerWorkers } = await import('./server-workers.ts');
    return await serveServerWorkers({ ...options, ...place }, { onStopping: place.onStopping, onStopped: end });
  }
  const [{ openServerApp }, { serveHere }] = await Promise.all([import('./server-app.ts'), import('./serve-here.ts')]);
  const app = await openServerApp(workspace, { ...options, ...place });
  const release = async (): Promise<void> => {
    await app.release();
    await end();
  };
  try {
    const listening = await serveHere({ ...app, release }, place);
    app.start();
    return { listening, list: () => [] };
  } catch (e) {
    await app.release();
    throw e;
  }
}
