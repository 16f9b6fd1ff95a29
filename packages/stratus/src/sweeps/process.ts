import { hostname } from 'node:os';
import { isRunning, processName } from '../processes/index.ts';

// Which process is at work on something, in a text that outlives it: its machine, and its name there.

/** Of a process of this machine. */
export const identityOf = (pid: number): string => `${hostname()} ${processName(pid).replace('@', ' ')}`;

/** Whether that process is still there; of one on another machine, whether it was heard of lately: clocks of machines are not compared. */
export function isAlive(identity: string, isSilent: boolean): boolean {
  const [host, pid, begin] = identity.split(' ');
  if (host === undefined || pid === undefined || begin === undefined) return false;
  if (host !== hostname()) return !isSilent;
  return isRunning(`${pid}@${begin}`);
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
