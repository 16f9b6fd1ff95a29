import type { Socket } from 'node:net';
import type { HttpServer } from '../sockets/index.ts';
import { type Answers, Channel, type Wire } from './channel.ts';
import type { Readiness } from './member.ts';

/** What a worker serves. */
export interface Work {
  readonly server: HttpServer;
  /** Is told to the process that has the port. */
  readonly about: unknown;
  /** The server is about to end. */
  onStopping(): void;
  /** All requests are over. */
  onStopped(): Promise<void>;
  /** Reads again what it has from files. */
  reload(): Promise<void>;
  /** What the process that has the port may ask. */
  readonly answers?: Answers;
}

/** Asks the process that has the port. */
export type AskPort = (name: string, body?: unknown) => Promise<unknown>;

const memoryEveryMs = 2000;

const failureOf = (e: unknown): Readiness => {
  const {
    code = 'internal',
    details = {},
    message = String(e),
  } = e as { code?: string; details?: Record<string, unknown>; message?: string };
  return { failed: { code, details, message } };
};

/** The life of a worker: it makes what it serves as it is told, takes connections, and ends when it is told or when nobody is there to tell. */
export function workInside(make: (start: never, ask: AskPort) => Promise<Work>): void {
  let work: Work | undefined;
  let stopped: Promise<void> | undefined;
  const shutDown = async (drainMs: number): Promise<void> => {
    work?.onStopping();
    await work?.server.drain(drainMs);
    await work?.onStopped();
    process.exit(0);
  };
  const stop = (drainMs = 10_000): Promise<void> => (stopped ??= shutDown(drainMs));

  const begin = async (start: unknown): Promise<Readiness> => {
    try {
      work = await make(start as never, (name, body) => channel.ask(name, body));
      work.server.server.emit('listening'); // it never will: the port is another process'. From now on it watches how long requests take.
    } catch (e) {
      return failureOf(e);
    }
    const tell = () => void channel.ask('memory', process.memoryUsage.rss());
    setInterval(tell, memoryEveryMs).unref();
    tell();
    return { ready: work.about };
  };
  /** That it has the connection is said in this turn of the event loop, and what comes on it is read in a later one. */
  const connection = (_: unknown, socket: Socket | undefined): boolean => {
    if (socket === undefined)
      void channel.ask('closed'); // its client went away while it was handed over
    else {
      socket.once('close', () => void channel.ask('closed'));
      work!.server.server.emit('connection', socket);
      socket.resume();
    }
    return true;
  };
  const channel: Channel = new Channel(process as Wire, {
    start: begin,
    connection: connection as never,
    stop: (drainMs: number) => void stop(drainMs),
    reload: () => work?.reload(),
    // What the work itself answers is known when it is there.
    question: ([name, body]: [string, never]) => work?.answers?.[name]?.(body),
  });

  process.on('disconnect', () => void stop());
  process.on('SIGINT', () => {}); // a terminal sends it to all of us; whoever has the port tells us
  process.on('SIGHUP', () => {});
  process.on('SIGTERM', async () => {
    await channel.ask('leaving'); // only this one is meant: nothing new is for it
    await stop();
  });
}
