import { setTimeout as pause } from 'node:timers/promises';

/** One thing that is done again and again. */
type Way = () => Promise<unknown>;

/**
 * Does several things of one process in turns, A B B A, each for about `sliceMs` a round, after a round of warming up: what is first in one
 * round is last in the next, so that what the one before leaves behind weighs on all alike. Gives the milliseconds of one time, by way and round.
 */
export async function alternate<K extends string>(
  ways: Readonly<Record<K, Way>>,
  { rounds, sliceMs, signal }: { readonly rounds: number; readonly sliceMs: number; readonly signal: AbortSignal },
): Promise<Record<K, number[]>> {
  const names = Object.keys(ways) as K[];
  const counts = new Map(names.map((name) => [name, 1]));
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = -2; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      signal.throwIfAborted();
      await pause(5); // threads of the one before stop spinning
      const count = counts.get(name)!;
      const way = ways[name];
      const start = performance.now();
      for (let i = 0; i < count; i++) await way();
      const ms = (performance.now() - start) / count;
      if (round >= 0) samples[name].push(ms);
      else counts.set(name, Math.max(1, Math.round(sliceMs / ms)));
    }
  }
  return samples;
}
