import { readdirSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hasProc, read, statusOf } from './status.ts';

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
