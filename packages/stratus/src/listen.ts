import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fail } from '@stratus/core';

/** Signals that ask a process to end. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** How a server listens and how it ends. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** A body that says itself to be larger is refused before it is sent. */
  readonly bodyLimitBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Stops the server as `stop` does. */
  readonly signal?: AbortSignal | undefined;
  readonly stopOn: readonly StopSignal[];
  /** How long `stop` waits for requests that are on their way. */
  readonly drainMs: number;
  /** Is told of what goes wrong with the server as such. */
  readonly report: (error: unknown) => void;
  /** The server is about to end: from now on it says that it is not ready. */
  readonly onStopping: () => void;
  /** All requests are over. */
  readonly onStopped: () => Promise<void>;
}

/** A server that listens. */
export interface Listening {
  /** Where to reach it from this machine: 'http://127.0.0.1:8080'. */
  readonly url: string;
  readonly port: number;
  /** May be called again; resolves when all is done. */
  stop(): Promise<void>;
}

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

/** Serves an application of web standards until it is stopped. Errors: `port-in-use`, `cannot-listen`, `aborted`. */
export async function serveHttp(
  fetch: (request: Request) => Response | Promise<Response>,
  options: ListenOptions,
): Promise<Listening> {
  const { host, port, bodyLimitBytes, signal, stopOn, drainMs, report } = options;
  const { headersTimeoutMs: headersTimeout, requestTimeoutMs: requestTimeout } = options;
  if (signal?.aborted) throw fail('aborted', { what: 'Starting the server' }, signal.reason);
  const { createAdaptorServer } = await import('@hono/node-server');
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
    options.onStopping();
    await drain(server, drainMs, () => traffic.idle());
    await options.onStopped();
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
  return { url: `http://${callable(host)}:${chosen}`, port: chosen, stop };
}
