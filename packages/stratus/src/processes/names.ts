import { hasProc, statusOf } from './status.ts';

/** What a process is called for good: numbers of processes come again, with another time of beginning. Elsewhere than on Linux it is the number alone. */
export const processName = (pid: number): string => `${pid}@${statusOf(pid)?.startedAt ?? ''}`;

/** Whether a process still runs. One that ended and that nobody has asked after is over. */
export function isRunning(name: string): boolean {
  const [pid = '', startedAt] = name.split('@');
  if (hasProc) {
    const status = statusOf(Number(pid));
    return status !== undefined && status.startedAt === startedAt && status.state !== 'Z' && status.state !== 'X';
  }
  try {
    return process.kill(Number(pid), 0);
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}
