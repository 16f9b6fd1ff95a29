import { fail } from '@stratus/core';

/** Errors: `bad-value` for a number of processes that nobody could mean. */
export function checkWorkers(workers: number): void {
  if (!Number.isSafeInteger(workers) || workers < 1 || workers > 1024)
    throw fail('bad-value', { what: 'workers', got: String(workers), want: 'a whole number from 1 to 1024' });
}
