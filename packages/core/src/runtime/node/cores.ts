import { readFileSync } from 'node:fs';
import { arch, availableParallelism, platform } from 'node:os';

/** What a process may calculate with. */
export interface Processors {
  /** Processors that it may run on, as the system counts them. */
  readonly available: number;
  /** How many of them are one core. */
  readonly perCore: number;
  /** Seconds of processors that it may use a second, which a container may limit; Infinity where nothing does. */
  readonly share: number;
}

/** More threads than that seldom make one run faster. */
const most = 16;

/**
 * Physical cores, but no more than there is time for: threads beyond a container's share are stopped in the middle of a run, and those that
 * share it wait for them. From 1 to 16.
 */
export function threadsFor({ available, perCore, share }: Processors): number {
  return Math.max(1, Math.min(most, Math.floor(available / perCore), Math.floor(share)));
}

/** Reads a small file; undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

const read: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Quota and period in microseconds, as control groups write them; 'max' and -1 mean no limit. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const [of, per] = [Number(quota), Number(period)];
  return of > 0 && per > 0 ? of / per : Number.POSITIVE_INFINITY;
}

/** The folders from one control group up to the root. */
function groupsUpFrom(path: string): string[] {
  const parts = path.split('/').filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, i) => ['', ...parts.slice(0, parts.length - i)].join('/'));
}

/** The least that Linux' control groups of this process allow, of both versions. Node counts it from libuv 1.49 on, and rounds up. */
export function shareOf(text: ReadText): number {
  const limits = (text('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) return [];
    if (controllers === '')
      return groupsUpFrom(path).map((group) => {
        const [quota, period] = (text(`/sys/fs/cgroup${group}/cpu.max`) ?? '').trim().split(' ');
        return ratio(quota, period);
      });
    if (!controllers.split(',').includes('cpu')) return [];
    return groupsUpFrom(path).map((group) => {
      const folder = `/sys/fs/cgroup/cpu${group}`;
      return ratio(text(`${folder}/cpu.cfs_quota_us`), text(`${folder}/cpu.cfs_period_us`));
    });
  });
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

/** True when every physical core shows up as two processors. */
function twoThreadsPerCore(): boolean {
  if (platform() === 'linux') return read('/sys/devices/system/cpu/smt/active')?.trim() === '1';
  // Apple's and other ARM processors have one thread per core; for the rest nothing better is known without native code.
  return arch() === 'x64';
}

/** Threads of one run, unless somebody says how many. */
export function defaultThreads(): number {
  const share = platform() === 'linux' ? shareOf(read) : Number.POSITIVE_INFINITY;
  return threadsFor({ available: availableParallelism(), perCore: twoThreadsPerCore() ? 2 : 1, share });
}
