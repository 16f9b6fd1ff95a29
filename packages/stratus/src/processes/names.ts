import { execFileSync } from 'node:child_process';
import { hasProc, statusOf } from './status.ts';

/** Whether any process has this number, the one that is meant or another. */
export function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}

/** When a process began, as the system says it; undefined where there is none, or one that ended and that nobody has asked after. */
function beginOf(pid: number): string | undefined {
  if (hasProc) {
    const status = statusOf(pid);
    return status === undefined || 'ZX'.includes(status.state) ? undefined : status.startedAt;
  }
  if (!isThere(pid)) return undefined;
  if (process.platform === 'win32') return '';
  try {
    const env = { ...process.env, TZ: 'UTC0', LC_ALL: 'C' }; // whoever asks gets the same answer
    const said = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env });
    return said.trim().replaceAll(/\W+/g, '-') || undefined;
  } catch {
    return undefined; // it ended just now
  }
}

/** What a process is called for good: numbers of processes come again, with another time of beginning. On Windows it is the number alone. */
export const processName = (pid: number): string => `${pid}@${beginOf(pid) ?? ''}`;

/** Whether a process still runs. One that ended and that nobody has asked after is over. */
export function isRunning(name: string): boolean {
  const [pid = '', begin = ''] = name.split('@');
  return beginOf(Number(pid)) === begin;
}
