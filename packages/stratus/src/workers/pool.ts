import type { Socket } from 'node:net';
import type { Answers } from './channel.ts';
import { Member, type Offered, type Question, type Readiness } from './member.ts';

/** What one worker is doing. */
export interface WorkerStatus {
  readonly pid: number;
  readonly state: 'starting' | 'ready' | 'leaving';
  /** Connections that it has at present. */
  readonly connections: number;
  /** Memory that is its own, in bytes, as it said last. */
  readonly residentBytes: number;
  readonly startedAt: Date;
}

/** What happens to workers. */
export type WorkerEvent =
  | { readonly type: 'worker-ready'; readonly pid: number }
  | {
      readonly type: 'worker-ended';
      readonly pid: number;
      readonly code: number | null;
      readonly signal: string | null;
      readonly againInMs: number;
    };

/** Options of {@link WorkerPool}. */
export interface PoolOptions {
  /** The program of a worker: see `workInside`. */
  readonly script: URL;
  readonly count: number;
  /** What it is told at its start; with it its number among those that there are, `slot`. */
  readonly start: object;
  readonly drainMs: number;
  /** What workers may ask this process. */
  readonly answers?: Answers | undefined;
  /** What a worker that starts later is asked first, because the others were asked it before. */
  readonly catchUp?: (() => readonly Question[]) | undefined;
  readonly onEvent?: ((event: WorkerEvent) => void) | undefined;
}

/** A worker that was ready for so long has not failed at its start: the next one is started at once. */
const steadyMs = 30_000;
const [firstPauseMs, longestPauseMs] = [100, 10_000];
/** Connections that wait for a worker: so many, and so long. */
const mostWaiting = 1000;
const waitMs = 10_000;

/** Workers that share the connections of a port. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  readonly #waiting = new Set<Offered>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #failures = 0;
  #ended = 0;
  #isStopping = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Starts all, and resolves with what the first said when every one is ready; ends all where one cannot be. */
  async start(): Promise<Readiness> {
    const first = Array.from({ length: this.#options.count }, () => this.#add());
    const said = await Promise.all(first.map((member) => member.readiness));
    const failed = said.find((readiness) => 'failed' in readiness);
    if (failed) await this.stop();
    else for (const member of first) void this.#tend(member);
    return failed ?? said[0]!;
  }

  /** Hands a connection that came to a port to the worker with the fewest. */
  give(socket: Socket, door: string): void {
    socket.on('error', () => {});
    this.#give({ socket, door });
  }

  #give(offered: Offered): void {
    const { socket } = offered;
    const ready = [...this.#members].filter((member) => member.isReady && !member.isLeaving);
    const [least] = ready.sort((a, b) => a.connections - b.connections);
    if (least) {
      this.#members.delete(least); // the next in turn among equals is the one that waited longest
      this.#members.add(least);
      least.give(offered);
    } else if (this.#isStopping || this.#waiting.size >= mostWaiting) socket.destroy();
    else {
      this.#waiting.add(offered);
      setTimeout(() => {
        if (this.#waiting.delete(offered)) socket.destroy();
      }, waitMs).unref();
    }
  }

  /** Connections that workers have, or wait for one. */
  get connections(): number {
    return [...this.#members].reduce((sum, member) => sum + member.connections, this.#waiting.size);
  }

  get list(): WorkerStatus[] {
    return [...this.#members]
      .sort((a, b) => a.pid - b.pid)
      .map(({ pid, isReady, isLeaving, connections, residentBytes, startedAt }) => ({
        pid,
        state: isLeaving ? 'leaving' : isReady ? 'ready' : 'starting',
        connections,
        residentBytes,
        startedAt,
      }));
  }

  /** How many workers have ended and were replaced. */
  get ended(): number {
    return this.#ended;
  }

  /**
   * Asks every worker, and resolves when all have answered; those that end meanwhile say nothing, and those that say nothing for so long neither. Errors: the first
   * that one of them met, when all have answered.
   */
  async askAll(name: string, body?: unknown, { limitMs }: { readonly limitMs?: number } = {}): Promise<unknown[]> {
    const asked = [...this.#members].filter(({ isInformed }) => isInformed);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<undefined>((resolve) => {
      if (limitMs !== undefined) timer = setTimeout(() => resolve(undefined), limitMs).unref();
    });
    const said = await Promise.allSettled(asked.map((member) => Promise.race([member.ask('question', [name, body]), limit])));
    clearTimeout(timer);
    const failed = said.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    return said.flatMap((one) => (one.status === 'fulfilled' && one.value !== undefined ? [one.value] : []));
  }

  /** Lets all read again what they have from files. */
  async reload(): Promise<void> {
    await Promise.allSettled([...this.#members].map((member) => member.ask('reload')));
  }

  /** Lets all answer what is open, and ends them. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    for (const { socket } of this.#waiting) socket.destroy();
    await Promise.all([...this.#members].map((member) => member.stop(this.#options.drainMs)));
  }

  #add(): Member {
    const { script, start, answers = {}, catchUp = () => [] } = this.#options;
    const lost = (offered: readonly Offered[]): void => {
      this.#members.delete(member);
      for (const one of offered) this.#give(one);
    };
    const taken = new Set([...this.#members].map(({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot++;
    const member = new Member({ script, start, answers, slot }, { lost, catchUp });
    this.#members.add(member);
    return member;
  }

  /** Says when it is ready, gives it what has waited, and puts another in its place when it ends. */
  async #tend(member: Member): Promise<void> {
    const { onEvent } = this.#options;
    let readyAt: number | undefined;
    if ('ready' in (await member.readiness)) {
      readyAt = performance.now();
      onEvent?.({ type: 'worker-ready', pid: member.pid });
      const waited = [...this.#waiting];
      this.#waiting.clear();
      for (const offered of waited) this.#give(offered);
    } else member.kill();
    const { code, signal } = await member.ended;
    if (this.#isStopping) return;
    this.#ended++;
    const wasSteady = readyAt !== undefined && performance.now() - readyAt > steadyMs;
    this.#failures = wasSteady ? 0 : this.#failures + 1;
    const againInMs = wasSteady ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#failures - 1));
    onEvent?.({ type: 'worker-ended', pid: member.pid, code, signal, againInMs });
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      void this.#tend(this.#add());
    }, againInMs);
    this.#pauses.add(pause);
  }
}
