import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined; // gone, or not ours to read
  }
};

interface Status {
  readonly state: string;
  readonly group: number;
  /** In ticks since the machine was started. */
  readonly startedAt: string;
}

/** Source: proc(5), /proc/pid/stat. The name in parentheses may hold anything, parentheses too. */
function statusOf(pid: number): Status | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0]!, group: Number(fields[2]), startedAt: fields[19]! };
}

const hasProc = existsSync('/proc/self/stat');

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

/** The machine since it was started, and which of its processes can be seen from here: containers of one machine do not see each other's. */
export function thisPlace(): string {
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? hostname();
  try {
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return boot;
  }
}

/** Sends a signal to a group of processes whose leader is known to run. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // It ended just now.
  }
}

/** Ends what a leader that is gone has left in its group. Its number may belong to somebody else by now: `mark`, in their environment, says whose they are. */
export function killLeftOvers(leader: number, mark: string): void {
  if (!hasProc) return;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || statusOf(pid)?.group !== leader) continue;
    if (!read(`/proc/${pid}/environ`)?.split('\0').includes(mark)) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended just now.
    }
  }
}
