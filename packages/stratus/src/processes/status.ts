import { existsSync, readFileSync } from 'node:fs';

/** The text of a file of /proc. */
export const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined; // gone, or not ours to read
  }
};

/** What the kernel says of a process. */
export interface Status {
  readonly state: string;
  readonly group: number;
  /** In ticks since the machine was started. */
  readonly startedAt: string;
}

/** Source: proc(5), /proc/pid/stat. The name in parentheses may hold anything, parentheses too. */
export function statusOf(pid: number): Status | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0]!, group: Number(fields[2]), startedAt: fields[19]! };
}

/** Whether the kernel tells of processes at all: Linux does. */
export const hasProc = existsSync('/proc/self/stat');
