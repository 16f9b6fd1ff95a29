import { type AddressInfo, createServer, type Server } from 'node:net';
import { fail } from '@stratus/core';
import type { GrpcPlace } from './grpc-port.ts';
import { callable, type Listening, listen, listenUntilStopped } from './listen.ts';
import { ModelCommands } from './model-commands.ts';
import type { MonitorOptions } from './monitor/index.ts';
import type { ServingPlace } from './serve-here.ts';
import type { ServedOptions } from './served-options.ts';
import { openCertificates } from './sockets/index.ts';
import { type PoolOptions, type Question, thrown, WorkerPool, type WorkerStatus } from './workers/index.ts';

/** What every worker is told. */
export interface WorkerStart {
  readonly options: object;
  readonly workers: number;
  /** Its number among the workers, from 0. */
  readonly slot: number;
  readonly url: string;
  readonly grpc: boolean;
  readonly metricsType: string | undefined;
}

/** The options of a server that several processes answer for. */
export type WorkersOptions = Omit<ServedOptions, keyof ServingPlace> & ServingPlace & { readonly workers: number };

/** What workers are started with, besides the options of all servers. */
export interface WorkersOf {
  readonly script: URL;
  /** What workers are told of their options. */
  readonly options: object;
  /** And besides. */
  readonly start?: object;
  /** What workers may ask besides; `askAll` asks all of them. */
  readonly answers?: ((askAll: WorkerPool['askAll']) => PoolOptions['answers']) | undefined;
  /** What a worker that takes the place of another one is asked before it gets requests: it is to know what the others know. */
  readonly catchUp?: readonly Question[] | undefined;
  /** Before and after workers end. */
  readonly onStopping?: (() => void) | undefined;
  readonly onStopped?: (() => Promise<void>) | undefined;
}

/** Workers that serve. */
export interface Workers {
  readonly listening: Listening & GrpcPlace;
  /** What the first said of itself. */
  readonly about: unknown;
  readonly list: () => readonly WorkerStatus[];
}

/** A worker that does not say soon how things stand is left out of what is told. */
const tellLimitMs = 2000;

/** Has several processes serve on ports that they share. Errors: `usage` for options that cannot be handed to them; those of the workers; `port-in-use`, `cannot-listen`, `aborted`. */
export async function serveWorkers(options: WorkersOptions, of: WorkersOf): Promise<Workers> {
  const { host, port, workers, drainMs, signal, stopOn, report, monitor = {}, maxConnections = 10_000 } = options;
  checkHandable(options);
  if (options.tls) await openCertificates(options.tls); // what is wrong with them is said before anything is started
  let pool: WorkerPool | undefined;
  let hasStarted = false;
  const counting = await (await import('./monitor/index.ts')).openCounting(
    {
      tellNow: async () => ((await pool?.askAll('tell', undefined, { limitMs: tellLimitMs })) ?? []) as never,
      pids: () => pool?.list.map(({ pid }) => pid) ?? [],
      workers: () => ({ ready: pool?.list.filter(({ state }) => state === 'ready').length ?? 0, ended: pool?.ended ?? 0 }),
      complain: async (complaint) => await pool?.askAll('complaint', complaint),
    },
    monitor && { report, ...monitor },
  );
  // The ports are taken first, so that a taken one is said at once; who comes early waits for the workers.
  const door = (name: string): Server =>
    createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: name === 'http' }, (socket) => {
      if (pool === undefined || pool.connections >= maxConnections) socket.destroy();
      else pool.give(socket, name);
    });
  const grpc = options.grpcPort === undefined ? undefined : door('grpc');
  const http = door('http');
  const shutDown = async (): Promise<void> => {
    of.onStopping?.();
    http.close();
    grpc?.close();
    await pool?.stop();
    counting.close();
    await of.onStopped?.();
  };
  let listening: Listening;
  try {
    if (grpc) await listen(grpc, host, options.grpcPort!, '--grpc-port');
    grpc?.on('error', report);
    listening = await listenUntilStopped(http, {
      ...{ host, port, signal, stopOn, report, shutDown },
      scheme: options.tls ? 'https' : 'http',
      followed: [{ reload: async () => pool?.reload(), close: () => {} }],
    });
  } catch (e) {
    grpc?.close();
    counting.close();
    throw e;
  }
  const commands = new ModelCommands((name, body) => pool!.askAll(name, body));
  const { metricsType } = counting;
  pool = new WorkerPool({
    script: of.script,
    count: workers,
    start: { ...of.start, options: of.options, workers, url: listening.url, grpc: grpc !== undefined, metricsType },
    drainMs,
    onEvent: options.onWorker,
    catchUp: () => [...(hasStarted ? (of.catchUp ?? []) : []), ...commands.missed()],
    answers: {
      ...of.answers?.((...asked) => pool!.askAll(...asked)),
      ...counting.answers,
      ...commands.answers,
      report: (text: string) => report(new Error(text)),
      workers: () => pool!.list,
    },
  });
  const said = await pool.start();
  if ('failed' in said) {
    await listening.stop();
    throw thrown(said.failed);
  }
  hasStarted = true;
  const grpcPort = (grpc?.address() as AddressInfo | undefined)?.port;
  const place = grpcPort === undefined ? {} : { grpc: `${callable(host)}:${grpcPort}`, grpcPort };
  return {
    listening: { ...listening, ...place },
    about: said.ready,
    list: () => pool!.list,
  };
}

/** Errors: `usage`. */
function checkHandable({ executor, observer, clientOf, monitor }: WorkersOptions): void {
  if (executor !== undefined)
    throw fail('usage', { reason: 'Workers make executors of their own.', fix: 'Leave out executor, or workers.' });
  const functions = { observer, clientOf, ...(monitor && { 'monitor.writeLog': monitor.writeLog }) };
  const [inside] = Object.entries(functions).find(([, value]) => value !== undefined) ?? [];
  if (inside === undefined) return;
  throw fail('usage', {
    reason: `Workers are processes of their own, and ${inside} cannot be handed to them.`,
    fix: `Leave out ${inside}, or workers.`,
  });
}

/** What a worker is told of the options that all servers have: what it does itself, and no function. */
export function workerOptions({ monitor = {}, ...options }: ServedOptions): object {
  const { host, tls, origins, maxConnections, stalledMs, headersTimeoutMs, requestTimeoutMs, lookMs, bodyLimitBytes } = options;
  const { maxBatch, maxDelayMs, maxQueue, maxQueueBytes, instances, lazy, memoryLimitBytes, idleMs, repository, vertex } =
    options;
  return {
    ...{ host, tls, origins, maxConnections, stalledMs, headersTimeoutMs, requestTimeoutMs, lookMs, bodyLimitBytes },
    ...{ maxBatch, maxDelayMs, maxQueue, maxQueueBytes, instances, lazy, memoryLimitBytes, idleMs, repository, vertex },
    monitor: monitor && watched(monitor),
  };
}

/** What is watched where requests are answered. */
const watched = ({ log, logColors, traces, capture, drift }: MonitorOptions): MonitorOptions => ({
  ...{ log, logColors, traces },
  drift: { rowsPerSecond: drift?.rowsPerSecond },
  ...(capture && {
    capture: {
      folder: capture.folder,
      rate: capture.rate,
      redact: capture.redact,
      maxBytes: capture.maxBytes,
      keep: capture.keep,
      name: capture.name,
    },
  }),
});
