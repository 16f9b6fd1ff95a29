import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { type Answers, Channel } from './channel.ts';

/** What a worker says when it is ready, or why it cannot be. */
export type Readiness =
  | { readonly ready: unknown }
  | { readonly failed: { readonly code: string; readonly details: Readonly<Record<string, unknown>>; readonly message: string } };

/** How a worker ended. */
export interface MemberEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** One worker, seen from the process that has the port. */
export class Member {
  readonly #process: ChildProcess;
  readonly #channel: Channel;
  readonly #offered = new Set<Socket>();
  /** Resolves when it is ready, or cannot be; `failed` where it ended before. */
  readonly readiness: Promise<Readiness>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<MemberEnd>;
  readonly startedAt = new Date();
  isReady = false;
  /** It is to take nothing more. */
  isLeaving = false;
  connections = 0;
  residentBytes = 0;

  constructor(script: URL, start: unknown, answers: Answers, lost: (sockets: readonly Socket[]) => void) {
    this.#process = fork(script, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process.on('error', () => {}); // that it did not start, is told by its end
    this.#channel = new Channel(this.#process as never, {
      ...answers,
      closed: () => void this.connections--,
      memory: (bytes: number) => void (this.residentBytes = bytes),
      leaving: () => void (this.isLeaving = true),
    });
    this.ended = new Promise((resolve) => {
      // 'exit' may come before what it still said has been read; 'close' does not.
      this.#process.once('close', (code, signal) => {
        this.isReady = false;
        this.#channel.end();
        lost([...this.#offered]);
        this.#offered.clear();
        resolve({ code, signal });
      });
    });
    const unready = {
      failed: { code: 'aborted', details: { what: 'Starting a worker' }, message: 'A worker ended while it started.' },
    };
    this.readiness = this.#channel.ask('start', start).then((answer) => {
      const readiness = (answer as Readiness | undefined) ?? unready;
      this.isReady = 'ready' in readiness;
      return readiness;
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Hands it a connection, which stays ours too until it says that it has it. */
  give(socket: Socket): void {
    this.#offered.add(socket);
    this.connections++;
    void this.#channel.ask('connection', undefined, socket).then((taken) => {
      if (taken !== true) return; // its end gives the connection back
      this.#offered.delete(socket);
      socket.destroy(); // our copy
    });
  }

  ask(name: string, body?: unknown): Promise<unknown> {
    return this.#channel.ask(name, body);
  }

  /** Takes no more, answers what is open, and ends. */
  async stop(drainMs: number): Promise<void> {
    this.isLeaving = true;
    void this.#channel.ask('stop', drainMs);
    const timer = setTimeout(() => this.kill(), drainMs + 5000);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
