import type { Server, Socket } from 'node:net';
import { type Answers, Channel, type Wire } from './channel.ts';
import { failureOf } from './failure.ts';
import type { Readiness } from './member.ts';

/** What a worker serves. */
export interface Work {
  /** What takes the connections of each port, by the port's name. */
  readonly doors: Readonly<Record<string, Server>>;
  /** Is told to the process that has the ports. */
  readonly about: unknown;
  /** Ends: takes nothing new, what is on its way to its end or to the limit, then the rest. */
  stop(drainMs: number): Promise<void>;
  /** Reads again what it has from files. */
  reload(): Promise<void>;
  /** What the process that has the ports may ask. */
  readonly answers?: Answers | undefined;
}

/** Asks the process that has the ports. Errors: what that met when it answered. */
export type AskPort = (name: string, body?: unknown) => Promise<unknown>;

const memoryEveryMs = 2000;

/** The life of a worker: it makes what it serves as it is told, takes connections, and ends when it is told or when nobody is there to tell. */
export function workInside(make: (start: never, ask: AskPort) => Promise<Work>): void {
  let work: Work | undefined;
  let stopped: Promise<void> | undefined;
  const shutDown = async (drainMs: number): Promise<void> => {
    await work?.stop(drainMs);
    process.exit(0);
  };
  const stop = (drainMs = 10_000): Promise<void> => (stopped ??= shutDown(drainMs));

  const begin = async (start: unknown): Promise<Readiness> => {
    try {
      work = await make(start as never, (name, body) => channel.ask(name, body));
      // They never will: the ports are another process'. From now on they watch how long requests take.
      for (const server of Object.values(work.doors)) server.emit('listening');
    } catch (e) {
      return { failed: failureOf(e) };
    }
    const tell = () => void channel.ask('memory', process.memoryUsage.rss());
    setInterval(tell, memoryEveryMs).unref();
    tell();
    return { ready: work.about };
  };
  /** That it has the connection is said in this turn of the event loop, and what comes on it is read in a later one. */
  const connection = (door: string, socket: Socket | undefined): boolean => {
    if (socket === undefined)
      void channel.ask('closed'); // its client went away while it was handed over
    else {
      socket.once('close', () => void channel.ask('closed'));
      work!.doors[door]!.emit('connection', socket);
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
