import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

// Which process is at work on something, in a text that outlives it. A number of a process alone is used again by others.

/** When a process began, as the system says it; undefined where there is none. */
function beginOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const [state, ...rest] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return state === 'Z' ? undefined : rest[18]; // a zombie does nothing any more
    }
    if (process.platform === 'win32') return isThere(pid) ? '?' : undefined;
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
        .trim()
        .replaceAll(/\W+/g, '-') || undefined
    );
  } catch {
    return undefined;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Of a process of this machine. */
export const identityOf = (pid: number): string => [hostname(), pid, beginOf(pid) ?? '?'].join(' ');

/** Whether that process is still there; of one on another machine, whether it was heard of lately: clocks of machines are not compared. */
export function isAlive(identity: string, isSilent: boolean): boolean {
  const [host, pid, begin] = identity.split(' ');
  if (host === undefined || pid === undefined || begin === undefined) return false;
  if (host !== hostname()) return !isSilent;
  return beginOf(Number(pid)) === begin;
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Ends a process of this machine that an earlier one left behind: politely, and then not. */
export async function stopProcess(identity: string, graceMs = 15_000): Promise<void> {
  const [host, pid] = identity.split(' ');
  if (host !== hostname()) return;
  const gone = (): boolean => !isAlive(identity, true);
  for (const [signal, ms] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 5000],
  ] as const) {
    if (gone()) return;
    try {
      process.kill(Number(pid), signal);
    } catch {
      return; // it went by itself
    }
    for (const until = Date.now() + ms; !gone() && Date.now() < until; ) await wait(50);
  }
}
