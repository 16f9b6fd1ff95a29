// How many threads a run gets where nobody says.
import { check, constant, integer, oneof, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultThreads, type ReadText, shareOf, threadsFor } from '../src/runtime/node/cores.ts';

const free = Number.POSITIVE_INFINITY;

describe('threads', () => {
  it.each([
    ['a laptop of two cores', { available: 4, perCore: 2, share: free }, 2],
    ['two cores that have one thread each', { available: 2, perCore: 1, share: free }, 2],
    ['one processor of a core that has two', { available: 1, perCore: 2, share: free }, 1],
    ['eight cores', { available: 16, perCore: 2, share: free }, 8],
    ['sixty-four cores', { available: 128, perCore: 2, share: free }, 16],
    ['a container with four processors on a large machine', { available: 64, perCore: 2, share: 4 }, 4],
    ['a container with a processor and a half', { available: 64, perCore: 2, share: 1.5 }, 1],
    ['a container with a tenth of one', { available: 8, perCore: 1, share: 0.1 }, 1],
    ['a container that is pinned to two of its four', { available: 2, perCore: 1, share: 4 }, 2],
  ])('of %s', (_, processors, want) => {
    expect(threadsFor(processors)).toBe(want);
  });

  it('are never more than there are processors or a container may use, and never fewer with more of them', () => {
    const processors = integer({ min: 1, max: 64 });
    const share = oneof(
      constant(free),
      integer({ min: 1, max: 640 }).map((tenths) => tenths / 10),
    );
    const holds = property(processors, integer({ min: 1, max: 2 }), share, (available, perCore, of) => {
      const threads = threadsFor({ available, perCore, share: of });
      expect(threads).toBeGreaterThanOrEqual(1);
      expect(threads).toBeLessThanOrEqual(Math.min(available, 16, Math.max(1, of)));
      expect(threadsFor({ available: available + 1, perCore, share: of })).toBeGreaterThanOrEqual(threads);
    });
    expect(check(holds, { numRuns: 500 }).failed).toBe(false);
  });

  it('are counted on this machine', () => {
    expect(defaultThreads()).toBeGreaterThanOrEqual(1);
    expect(defaultThreads()).toBeLessThanOrEqual(16);
  });
});

describe("a container's share", () => {
  const of = (files: Readonly<Record<string, string>>): number => {
    const text: ReadText = (path) => files[path];
    return shareOf(text);
  };

  it.each([
    ['none where there are no control groups', {}, free],
    ['none where the group says so', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, free],
    ['that of the group', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' }, 1.5],
    [
      'the least of the groups above',
      {
        '/proc/self/cgroup': '0::/user.slice/app.service\n',
        '/sys/fs/cgroup/user.slice/app.service/cpu.max': '800000 100000\n',
        '/sys/fs/cgroup/user.slice/cpu.max': '300000 100000\n',
      },
      3,
    ],
    [
      'that of the first version',
      {
        '/proc/self/cgroup': '12:memory:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/\n',
        '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '200000\n',
        '/sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      2,
    ],
    ['none where it is written in no way that is known', { '/proc/self/cgroup': 'x', '/sys/fs/cgroup/cpu.max': '?' }, free],
  ])('%s', (_, files, want) => {
    expect(of(files)).toBe(want);
  });
});
