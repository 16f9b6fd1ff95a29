import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { createInterface } from 'node:readline';

/** What a competitor says when it is ready. */
export interface Introduction {
  readonly library: string;
  readonly version: string;
  readonly threads: number | 'default';
  /** Ways of doing the same step. */
  readonly variants: readonly string[];
  readonly about?: string;
}

/** Steps that were made, and how long they took together. */
export interface Steps {
  readonly ms: number;
  /** May be more or fewer than were asked for: whole epochs. */
  readonly steps: number;
  /** The mean over these steps. */
  readonly loss: number;
}

/** A whole training. */
export interface Trained {
  readonly seconds: number;
  readonly accuracy: number;
}

/** The most memory that a process has held. */
export interface Memory {
  /** Null where the system does not say. */
  readonly peakMb: number | null;
}

interface Questions {
  readonly steps: { ask: { variant: string; count: number }; answer: Steps };
  readonly memory: { ask: Record<string, never>; answer: Memory };
  readonly train: { ask: { seed: number; epochs: number }; answer: Trained };
}

/** How to start a competitor. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcessWithoutNullStreams>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A library in a process of its own that lives as long as the measurement, and computes only when it is asked to. */
export class Competitor {
  readonly introduction: Introduction;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  /** How it ended, once it has. */
  readonly #ending: () => Promise<string>;

  private constructor(
    introduction: Introduction,
    parts: { child: ChildProcessWithoutNullStreams; lines: AsyncIterator<string>; ending: () => Promise<string> },
  ) {
    this.introduction = introduction;
    this.#child = parts.child;
    this.#lines = parts.lines;
    this.#ending = parts.ending;
  }

  /** Starts the process and waits until it has loaded its library. */
  static async start({ file, args, env }: Command, signal: AbortSignal): Promise<Competitor> {
    const child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    setMaxListeners(100, signal); // one a process
    signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
    child.stdin.on('error', () => undefined); // it ended: the next answer says so
    await once(child, 'spawn');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const exit = once(child, 'exit').then(([code, by]) => (by ?? `exit code ${code}`) as string);
    const ending = async (): Promise<string> => `${await exit}: ${said.trim() || 'without a word'}`;
    return new Competitor(await next<Introduction>(lines, file, ending), { child, lines, ending });
  }

  /** '2 threads'. */
  get threads(): string {
    const { threads } = this.introduction;
    return threads === 'default' ? 'default threads' : `${threads} thread${threads === 1 ? '' : 's'}`;
  }

  /** Asks, and waits for the answer. One question at a time. */
  async ask<Q extends keyof Questions>(question: Q, details: Questions[Q]['ask']): Promise<Questions[Q]['answer']> {
    this.#child.stdin.write(`${JSON.stringify({ do: question, ...details })}\n`);
    return next<Questions[Q]['answer']>(this.#lines, this.introduction.library, this.#ending);
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

async function next<T extends object>(lines: AsyncIterator<string>, who: string, ending: () => Promise<string>): Promise<T> {
  const { done, value } = await lines.next();
  if (done) throw new Error(`${who} ended with ${await ending()}`);
  const answer = JSON.parse(value) as T | { error: string };
  if ('error' in answer) throw new Error(`${who}: ${answer.error}`);
  return answer;
}
