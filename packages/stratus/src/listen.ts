import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { fail } from '@stratus/core';
import { type Fetch, type Followed, type HttpServerOptions, httpServer } from './sockets/index.ts';

/** Signals that ask a process to end. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** Where a server listens, and until when. */
export interface PortOptions {
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** Stops the server as `stop` does. */
  readonly signal?: AbortSignal | undefined;
  readonly stopOn: readonly StopSignal[];
  /** Is told of what goes wrong with the server as such. */
  readonly report: (error: unknown) => void;
  /** What is read again at SIGHUP. */
  readonly followed: readonly Followed[];
  /** Ends what the server serves, and the server. */
  readonly shutDown: () => Promise<void>;
}

/** How a server listens and how it ends. */
export interface ListenOptions extends HttpServerOptions, Omit<PortOptions, 'scheme' | 'followed' | 'shutDown'> {
  readonly followed?: readonly Followed[] | undefined;
  /** How long `stop` waits for requests that are on their way. */
  readonly drainMs: number;
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

/** Begins to listen. `option`: which one says where. Errors: `port-in-use`, `cannot-listen`. */
export async function listen(server: Server, host: string, port: number, option?: '--grpc-port'): Promise<void> {
  try {
    // Throws at once for a port that is none.
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    throw code === 'EADDRINUSE'
      ? fail('port-in-use', { host, port, ...(option && { option }) }, e)
      : fail('cannot-listen', { host, port, reason: message }, e);
  }
}

/** The host in a URL: an address that means 'all' is not one to call. */
export const callable = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::' || host === '') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
};

/** Has the server listen until it is stopped. Errors: `port-in-use`, `cannot-listen`, `aborted`. */
export async function listenUntilStopped(server: Server, options: PortOptions): Promise<Listening> {
  const { host, port, scheme, signal, stopOn, report, followed } = options;
  if (signal?.aborted) throw fail('aborted', { what: 'Starting the server' }, signal.reason);
  await listen(server, host, port);
  server.on('error', report); // no more file descriptors, for instance: it can go on

  let stopped: Promise<void> | undefined;
  let signalled = false;
  const shutDown = async () => {
    signal?.removeEventListener('abort', stop);
    for (const one of followed) one.close();
    await options.shutDown();
    for (const name of stopOn) process.off(name, onSignal);
    process.off('SIGHUP', onReload);
  };
  const onReload = () => void Promise.all(followed.map((one) => one.reload()));
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
  if (followed.length > 0 && !stopOn.includes('SIGHUP')) process.on('SIGHUP', onReload);
  const { port: chosen } = server.address() as AddressInfo;
  return { url: `${scheme}://${callable(host)}:${chosen}`, port: chosen, stop };
}

/** Serves an application of web standards until it is stopped. Errors: `port-in-use`, `cannot-listen`, `aborted`. */
export async function serveHttp(fetch: Fetch, options: ListenOptions): Promise<Listening> {
  const { server, certificates, drain } = await httpServer(fetch, options);
  const followed = [...(options.followed ?? []), ...(certificates ? [certificates] : [])];
  const shutDown = async () => {
    options.onStopping();
    await drain(options.drainMs);
    await options.onStopped();
  };
  try {
    return await listenUntilStopped(server, { ...options, scheme: certificates ? 'https' : 'http', followed, shutDown });
  } catch (e) {
    for (const one of followed) one.close();
    throw e;
  }
}
