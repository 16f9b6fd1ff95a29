import { fail } from '@stratus/core';

/** Limits of a {@link Batcher}. */
export interface BatcherOptions {
  /** Requests are merged up to so many rows in one run; 64 unless told. A larger request runs by itself. */
  readonly maxBatch?: number | undefined;
  /** A run may wait so long for company, in milliseconds; 0 unless told: nobody waits, and load makes batches by itself. */
  readonly maxDelayMs?: number | undefined;
  /** When 64 requests are there, further ones are taken only while no more rows than this wait; 1024 unless told. */
  readonly maxQueue?: number | undefined;
  /** Requests that wait may take so much memory; 256 MB unless told. */
  readonly maxQueueBytes?: number | undefined;
}

/** The limits with what holds unless told. Errors: `bad-value`. */
export function limitsOf({ maxBatch = 64, maxDelayMs = 0, maxQueue = 1024, maxQueueBytes = 2 ** 28 }: BatcherOptions) {
  for (const [option, limit] of Object.entries({ maxBatch, maxQueue, maxQueueBytes }))
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw fail('bad-value', { what: option, got: String(limit), want: 'a whole number from 1' });
  if (!(maxDelayMs >= 0 && maxDelayMs <= 60_000))
    throw fail('bad-value', { what: 'maxDelayMs', got: String(maxDelayMs), want: 'milliseconds from 0 to 60,000' });
  return { maxBatch, maxDelayMs, maxQueue, maxQueueBytes };
}
