import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What is asked, and how. */
export interface LoadOptions {
  readonly port: number;
  /** A file with a whole request: see `requestFile`. */
  readonly request: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly ms: number;
  /** Requests a second, whatever the server does; unless told, every connection asks again as soon as it has its answer. */
  readonly rate?: number;
  /** With `rate`, connections are opened up to so many. */
  readonly mostConnections?: number;
  /** An answer is worth something within so many milliseconds. */
  readonly goodMs?: number;
}

/** What came of it. Times in milliseconds. */
export interface Load {
  readonly seconds: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that broke with a request on its way. */
  readonly failed: number;
  readonly errors: readonly string[];
  readonly answered: number;
  readonly perSecond: number;
  /** Answers with status 200, within `goodMs`. */
  readonly goodPerSecond: number;
  readonly due: number;
  /** Requests that could not even be sent. */
  readonly skipped: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Answers by the version of the model, where `hold` was set. */
  readonly versions: Readonly<Record<string, number>>;
  /** Share of one processor that the client took. */
  readonly processor: number;
}

interface Held {
  /** Resolves when answers are counted. */
  readonly counting: Promise<void>;
  end(): Promise<Load>;
}

function started(root: string, options: object, signal: AbortSignal) {
  const child = spawn(process.execPath, [join(root, 'bench/peers/load.mjs'), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal,
  });
  let text = '';
  let counts!: () => void;
  const counting = new Promise<void>((resolve) => {
    counts = resolve;
  });
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (text.includes('counting\n')) counts();
  });
  const ended = new Promise<Load>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text.replace('counting\n', '')) as Load);
      else reject(new Error(`The load generator ended with exit code ${code}.`));
    });
  });
  return { child, counting, ended };
}

/** Asks a server from another process, as bench/peers/load.mjs says. */
export const load = (root: string, options: LoadOptions, signal: AbortSignal): Promise<Load> =>
  started(root, options, signal).ended;

/** The same for as long as the caller wants it. */
export function holdLoad(root: string, options: Omit<LoadOptions, 'ms'>, signal: AbortSignal): Held {
  const { child, counting, ended } = started(root, { ...options, hold: true }, signal);
  return {
    counting: Promise.race([counting, ended.then(() => {})]),
    end() {
      child.stdin.end();
      return ended;
    },
  };
}
