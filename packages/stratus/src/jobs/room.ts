import type { Claim, RunningAttempt } from '../store/index.ts';

/**
 * Which jobs are to make room for one that is more important: of those that can go on later and are less important, the least important first, and of equals the one that has
 * run for the shortest time. None where that would not be enough, or where enough is about to end.
 */
export function roomFor(
  { priority, cores, memoryBytes }: NonNullable<Claim['noRoomFor']>,
  running: readonly RunningAttempt[],
): string[] {
  const isLeaving = (attempt: RunningAttempt): boolean => attempt.wish !== undefined;
  const left = running.filter(isLeaving);
  const could = running.filter((attempt) => attempt.preemptible && attempt.priority < priority && !isLeaving(attempt));
  could.sort((a, b) => a.priority - b.priority || a.ranMs - b.ranMs || b.attempt - a.attempt);
  const chosen: RunningAttempt[] = [];
  const isEnough = (): boolean => {
    const freed = [...left, ...chosen];
    const sum = (of: (attempt: RunningAttempt) => number): number => freed.reduce((total, attempt) => total + of(attempt), 0);
    return sum((attempt) => attempt.cores) >= cores - 1e-9 && sum((attempt) => attempt.memoryBytes) >= memoryBytes;
  };
  for (const attempt of could) {
    if (isEnough()) break;
    chosen.push(attempt);
  }
  return isEnough() ? chosen.map(({ job }) => job) : [];
}
