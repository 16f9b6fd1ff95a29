// Runs the command line as users do: built, in a process of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export interface Running {
  readonly pid: number;
  /** Resolves as soon as standard output or error has a line that matches. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Lines of standard error with the time when each came, in milliseconds. */
  readonly arrivals: readonly { readonly line: string; readonly atMs: number }[];
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Another program than the built command line. */
  readonly program?: string;
}

/** Starts `stratus ...args`. */
export function start(args: readonly string[], { cwd = root, input, env = {}, program = main }: StartOptions = {}): Running {
  if (!existsSync(program)) throw new Error(`${program} is missing: build first, npm run build`);
  // As in a user's shell: what npm, vitest and continuous integration set says nothing about them.
  const { npm_command: _, NO_COLOR: __, FORCE_COLOR: ___, NODE_OPTIONS: ____, ...plain } = process.env;
  const child = spawn(process.execPath, [program, ...args], { cwd, env: { ...plain, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // whoever does not read its input may end before it is written
  child.stdin.end(input ?? '');
  let [stdout, stderr] = ['', ''];
  let waiting: (() => void)[] = [];
  const arrivals: { line: string; atMs: number }[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const go of woken) go();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const line of text.split('\n')) if (line !== '') arrivals.push({ line, atMs: performance.now() });
    wake();
  });
  let isOver = false;
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      isOver = true;
      wake();
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    pid: child.pid!,
    arrivals,
    ended,
    kill: (signal) => void child.kill(signal),
    async until(pattern) {
      for (;;) {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (found) return found;
        if (isOver) throw new Error(`it ended before ${pattern} came:\n${stdout}\n${stderr}`);
        await new Promise<void>((resolve) => void waiting.push(resolve));
      }
    },
  };
}

/** Runs `stratus ...args` to its end. */
export const stratus = (args: readonly string[], options?: StartOptions): Promise<Ended> => start(args, options).ended;

/** The lines of JSON that a command wrote. */
export const events = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
