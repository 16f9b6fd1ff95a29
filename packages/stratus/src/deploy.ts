import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { type Executor, fail, files, type Model } from '@stratus/core';
import {
  type BatcherOptions,
  DataPlane,
  defaultBodyLimitBytes,
  openServable,
  type ServeAppOptions,
  serveApp,
  writeError,
} from './serve/index.ts';

/** Signals that ask a process to end. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** Options of {@link deploy}. */
export interface DeployOptions extends BatcherOptions, ServeAppOptions {
  /** '127.0.0.1' unless told, so that only this machine can ask; '0.0.0.0' for all. */
  readonly host?: string | undefined;
  /** 8080 unless told; 0 picks a free one. */
  readonly port?: number | undefined;
  /** What clients call the model: that of the file or the model unless told. */
  readonly name?: string | undefined;
  /** '1' unless told. */
  readonly version?: string | undefined;
  /** Stops the server as `stop` does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Signals of the operating system that stop the server as `stop` does; ['SIGTERM', 'SIGINT'] unless told. When it has stopped and
   * nobody else handles the signal, the process ends by it, as it would without a server. A second one ends it at once.
   */
  readonly stopOn?: readonly StopSignal[] | undefined;
  /** How long `stop` waits for requests that are on their way; 10 seconds unless told. */
  readonly drainMs?: number | undefined;
  /** A client gets so long to send the head of a request (10 seconds unless told), and so long for all of it (60 seconds). */
  readonly headersTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** The process-wide executor unless told. */
  readonly executor?: Executor | undefined;
}

/** A server that runs. */
export interface Deployment {
  /** Where to reach it from this machine: 'http://127.0.0.1:8080'. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What clients call the model. */
  readonly name: string;
  /**
   * Stops: takes no new connections, says that it is not ready, lets requests on their way finish, closes the rest, frees the model.
   * May be called again; resolves when all is done.
   */
  stop(): Promise<void>;
}

/** A name that can stand in a URL. */
const plainName = (name: string): string => name.replaceAll(/[/\\\p{Cc}\p{Surrogate}]+/gu, '-').slice(0, 200) || 'model';

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    // Throws at once for a port that is none.
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    throw code === 'EADDRINUSE'
      ? fail('port-in-use', { host, port }, e)
      : fail('cannot-listen', { host, port, reason: message }, e);
  }
}

/** The host in a URL: an address that means 'all' is not one to call. */
const callable = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::' || host === '') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
};

/** Ends a server: no new connections, what is on its way to its end or to the limit, then the rest. */
async function drain(server: Server, limitMs: number, idle: () => Promise<void>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([idle(), limit]);
  clearTimeout(timer);
  server.closeAllConnections();
  await closed;
}

/** Counts the requests that have come and are not yet answered. */
class Traffic {
  #open = 0;
  #empty: (() => void) | undefined;

  constructor(server: Server) {
    server.on('request', (_, response) => {
      this.#open++;
      response.once('close', () => {
        this.#open--;
        if (this.#open === 0) this.#empty?.();
      });
    });
  }

  async idle(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => void (this.#empty = resolve));
  }
}

/**
 * Serves a model over HTTP: the Open Inference Protocol v2. Requests that come together are answered by one run. `GET /` tells what
 * can be called.
 *
 * Shapes: any; the first axis of a request is the number of samples. Errors: `port-in-use`, `cannot-listen`, `file-not-found`,
 * `file-failed`, those of `openServable`; to clients, see `serveApp`.
 * Source: Open Inference Protocol v2; graceful stop as Kubernetes expects it.
 *
 * @example
 * import { dense, deploy, input, sequential } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const server = await deploy(net, { port: 0, name: 'net' });
 * const response = await fetch(`${server.url}/v2/models/net/infer`, {
 *   method: 'POST',
 *   body: JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }),
 * });
 * console.log((await response.json()).outputs[0].shape); // [1, 1]
 * await server.stop();
 */
export async function deploy(model: Model | string | Uint8Array, options: DeployOptions = {}): Promise<Deployment> {
  const { host = '127.0.0.1', port = 8080, stopOn = ['SIGTERM', 'SIGINT'], drainMs = 10_000, signal } = options;
  const { maxBatch, maxQueue, bodyLimitBytes = defaultBodyLimitBytes, report = writeError, version, executor } = options;
  const isPath = typeof model === 'string';
  const bytes = isPath ? await files.read(model) : model instanceof Uint8Array ? model : await model.toBytes();
  const name = options.name ?? plainName(isPath ? basename(model, '.onnx') : model instanceof Uint8Array ? 'model' : model.name);
  const servable = await openServable(bytes, { name, version, executor, ...(isPath && { file: model }) });
  try {
    if (signal?.aborted) throw fail('aborted', { what: 'Deploying' }, signal.reason);
    const plane = new DataPlane([servable], { maxBatch, maxQueue });
    const { createAdaptorServer } = await import('@hono/node-server');
    const { fetch } = serveApp(plane, { bodyLimitBytes, report });
    const { headersTimeoutMs: headersTimeout = 10_000, requestTimeoutMs: requestTimeout = 60_000 } = options;
    const connectionsCheckingInterval = Math.min(1000, headersTimeout, requestTimeout);
    const server = createAdaptorServer({
      fetch,
      hostname: host,
      overrideGlobalObjects: false, // the process is the user's, and so are its Request and Response
      serverOptions: { headersTimeout, requestTimeout, connectionsCheckingInterval },
    }) as Server;
    const traffic = new Traffic(server);
    server.on('checkContinue', (request, response) => {
      // A client that asks before it sends a large body gets its refusal at once.
      if (!(Number(request.headers['content-length']) > bodyLimitBytes)) response.writeContinue();
      server.emit('request', request, response);
    });
    await listen(server, host, port);
    server.on('error', report); // no more file descriptors, for instance: it can go on

    let stopped: Promise<void> | undefined;
    let signalled = false;
    const shutDown = async () => {
      signal?.removeEventListener('abort', stop);
      plane.drain();
      await drain(server, drainMs, () => traffic.idle());
      await plane.release();
      for (const name of stopOn) process.off(name, onSignal);
    };
    const stop = (): Promise<void> => (stopped ??= shutDown());
    const onSignal = async (name: StopSignal) => {
      if (signalled) process.off(name, onSignal);
      else {
        signalled = true;
        await stop();
      }
      if (process.listenerCount(name) === 0) process.kill(process.pid, name);
    };
    signal?.addEventListener('abort', stop, { once: true });
    for (const name of stopOn) process.on(name, onSignal);
    const { port: chosen } = server.address() as AddressInfo;
    return { url: `http://${callable(host)}:${chosen}`, host, port: chosen, name, stop };
  } catch (e) {
    await servable.release();
    throw e;
  }
}
