import { setTimeout as sleep } from 'node:timers/promises';
import { fail, StratusError } from '@stratus/core';
import type { Verdict } from './database.ts';

interface Attempt {
  /** The database, for messages, and what is being done: 'Listing the runs of'. */
  readonly database: string;
  readonly doing: string;
  /** How long others may be in the way. */
  readonly patienceMs: number;
  readonly judge: (e: unknown) => Verdict;
}

/** At first hardly any pause, then up to 50 ms, of random length: those who wait for one another must not meet again and again. */
const pauseMs = (attempt: number): number => Math.random() * Math.min(50, 2 ** attempt);

/** Does it again as long as others are in the way. Errors: `database-failed`, and those of Stratus as they are. */
export async function patiently<T>({ database, doing, patienceMs, judge }: Attempt, work: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (e) {
      if (StratusError.is(e)) throw e;
      const { again, fix } = judge(e);
      if (!again || performance.now() > end) throw fail('database-failed', { database, doing, reason: reasonOf(e), fix }, e);
    }
    await sleep(pauseMs(attempt));
  }
}

function reasonOf(e: unknown): string {
  const first: unknown = e instanceof AggregateError ? e.errors[0] : e; // several addresses of one name: the first stands for all
  return (first instanceof Error ? first.message : String(first)).replace(/\.$/, '');
}
