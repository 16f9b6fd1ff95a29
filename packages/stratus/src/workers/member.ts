import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { type Answers, Channel } from './channel.ts';
import type { Failure } from './failure.ts';

/** What a worker says when it is ready, or why it cannot be. */
export type Readiness = { readonly ready: unknown } | { readonly failed: Failure };

/** A connection, and the port that it came to. */
export interface Offered {
  readonly socket: Socket;
  readonly door: string;
}

/** A question: its name and its body. */
export type Question = readonly [name: string, body: unknown];

/** How a worker ended. */
export interface MemberEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** One worker, seen from the process that has the port. */
export class Member {
  readonly #process: ChildProcess;
  readonly #channel: Channel;
  readonly #offered = new Set<Offered>();
  /** Resolves when it is ready, or cannot be; `failed` where it ended before. */
  readonly readiness: Promise<Readiness>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<MemberEnd>;
  readonly startedAt = new Date();
  /** Its number among those that there are, from 0: that of one that has ended is another's. */
  readonly slot: number;
  isReady = false;
  /** It has been told what others knew before, and is told what they are told. */
  isInformed = false;
  /** It is to take nothing more. */
  isLeaving = false;
  connections = 0;
  residentBytes = 0;

  constructor(
    {
      script,
      start,
      answers,
      slot,
    }: { readonly script: URL; readonly start: object; readonly answers: Answers; readonly slot: number },
    hooks: { readonly lost: (offered: readonly Offered[]) => void; readonly catchUp: () => readonly Question[] },
  ) {
    this.slot = slot;
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
        this.isReady = this.isInformed = false;
        this.#channel.end();
        hooks.lost([...this.#offered]);
        this.#offered.clear();
        resolve({ code, signal });
      });
    });
    const unready = {
      failed: { code: 'aborted', details: { what: 'Starting a worker' }, message: 'A worker ended while it started.' },
    };
    this.readiness = this.#channel.ask('start', { ...start, slot }).then(async (answer) => {
      const readiness = (answer as Readiness | undefined) ?? unready;
      if ('failed' in readiness) return readiness;
      // What it is asked from now on comes to it after this, and nobody is given to it before it is done.
      const missed = hooks.catchUp().map((question) => this.ask('question', question));
      this.isInformed = true;
      await Promise.allSettled(missed);
      this.isReady = this.isInformed; // it may have ended meanwhile
      return this.isReady ? readiness : unready;
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Hands it a connection, which stays ours too until it says that it has it. */
  give(offered: Offered): void {
    this.#offered.add(offered);
    this.connections++;
    const done = (taken: unknown): void => {
      if (taken !== true) return; // its end gives the connection back
      this.#offered.delete(offered);
      offered.socket.destroy(); // our copy
    };
    void this.#channel.ask('connection', offered.door, offered.socket).then(done, () => done(true));
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
