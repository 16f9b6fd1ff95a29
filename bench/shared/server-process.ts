import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../packages/stratus/test/postgres-server.ts';

/** A program that serves. */
export interface ServerCommand {
  readonly file: string;
  readonly args: (port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Answers 200 as soon as it is ready. */
  readonly readyPath: string;
}

/** One that runs. */
export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** From its start to when it was ready. */
  readonly readyMs: number;
  /** Resident memory now, in MB. */
  memoryMb(): number;
  stop(): Promise<void>;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** Begun processes are in a group of their own, so that their own children end with them. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  const tell = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-child.pid!, signal);
    } catch {} // it is over
  };
  tell('SIGTERM');
  const late = setTimeout(() => tell('SIGKILL'), 8000);
  await closed;
  clearTimeout(late);
}

/** Starts a server and waits until it is ready. Throws with what it said where it ends before. */
export async function startServerProcess(
  { file, args, env, cwd, readyPath }: ServerCommand,
  { signal, waitMs = 90_000 }: { readonly signal: AbortSignal; readonly waitMs?: number },
): Promise<ServerProcess> {
  const port = await freePort();
  const begin = performance.now();
  const child = spawn(file, args(port), {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
  let failure: Error | undefined;
  child.once('error', (e) => (failure = e));
  const stop = (): Promise<void> => stopGroup(child);
  const kill = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {}
  };
  process.once('exit', kill); // a measurement that is given up leaves no server behind
  try {
    while (!(await answers(`http://127.0.0.1:${port}${readyPath}`))) {
      signal.throwIfAborted();
      if (failure) throw failure;
      if (child.exitCode !== null) throw new Error(`${file} ended with exit code ${child.exitCode}: ${said}`);
      if (performance.now() - begin > waitMs) throw new Error(`${file} was not ready after ${waitMs / 1000} s: ${said}`);
      await pause(5);
    }
  } catch (e) {
    await stop();
    throw e;
  }
  return {
    port,
    pid: child.pid!,
    readyMs: performance.now() - begin,
    memoryMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024,
    async stop() {
      process.off('exit', kill);
      await stop();
    },
  };
}
