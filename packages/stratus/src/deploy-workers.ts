import { createServer } from 'node:net';
import { type ErrorCode, fail, type Model, StratusError } from '@stratus/core';
import type { Deployment, DeployOptions } from './deploy.ts';
import { checkReach } from './deploy-app.ts';
import { rateLimiter } from './keys/index.ts';
import { listenUntilStopped, type StopSignal } from './listen.ts';
import { openCertificates } from './sockets/index.ts';
import { WorkerPool } from './workers/index.ts';

/** What all workers of a deployment are told. */
export interface WorkerStart {
  readonly model: string | Uint8Array;
  readonly options: object;
  readonly workers: number;
  readonly url: string;
}

/** What a worker says when it is ready. */
export interface WorkerAbout {
  readonly name: string;
  readonly needsKey: boolean;
  readonly tryIt: string | undefined;
}

type Options = DeployOptions & {
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly drainMs: number;
  readonly stopOn: readonly StopSignal[];
  readonly report: (error: unknown) => void;
};

/** Serves a model from several processes that share a port. Errors: those of `deploy`. */
export async function deployWorkers(model: Model | string | Uint8Array, options: Options): Promise<Deployment> {
  const { host, port, workers, drainMs, signal, stopOn, report, onWorker, executor, maxConnections = 10_000, ...rest } = options;
  if (executor !== undefined)
    throw fail('usage', { reason: 'Workers make executors of their own.', fix: 'Leave out executor, or workers.' });
  const { observer, clientOf, monitor } = options;
  const functions = {
    observer,
    clientOf,
    ...(monitor && { 'monitor.writeLog': monitor.writeLog, 'monitor.report': monitor.report }),
  };
  const [inside] = Object.entries(functions).find(([, value]) => value !== undefined) ?? [];
  if (inside !== undefined)
    throw fail('usage', {
      reason: `Workers are processes of their own, and ${inside} cannot be handed to them.`,
      fix: `Leave out ${inside}, or workers.`,
    });
  if (options.tls) await openCertificates(options.tls); // what is wrong with them is said before anything is started
  checkReach(host, (options.keys ?? options.tokens ?? options.tls?.ca) !== undefined, options.withoutKeys);
  const takeTurn = rateLimiter();
  const plain = typeof model === 'string' || model instanceof Uint8Array ? model : await model.toBytes();
  const name = options.name ?? (typeof model === 'string' || model instanceof Uint8Array ? undefined : model.name);

  let pool: WorkerPool | undefined;
  // The port is taken first, so that a taken one is said at once; who comes early waits for the workers.
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (socket) => {
    if (pool === undefined || pool.connections >= maxConnections) socket.destroy();
    else pool.give(socket);
  });
  const listening = await listenUntilStopped(server, {
    host,
    port,
    scheme: options.tls ? 'https' : 'http',
    signal,
    stopOn,
    report,
    followed: [{ reload: async () => pool?.reload(), close: () => {} }],
    async shutDown() {
      server.close();
      await pool?.stop();
    },
  });
  const start: WorkerStart = { model: plain, options: { ...rest, host, name }, workers, url: listening.url };
  pool = new WorkerPool({
    script: new URL('deploy-worker.js', import.meta.url),
    count: workers,
    start,
    drainMs,
    onEvent: onWorker,
    answers: {
      report: (text: string) => report(new Error(text)),
      workers: () => pool!.list,
      turn: ([id, perMinute]: [string, number]) => takeTurn(id, perMinute),
    },
  });
  const said = await pool.start();
  if ('failed' in said) {
    await listening.stop();
    const { code, details, message } = said.failed;
    throw new StratusError(code as ErrorCode, details, message);
  }
  const about = said.ready as WorkerAbout;
  return { ...listening, host, ...about, workers: () => pool!.list };
}
