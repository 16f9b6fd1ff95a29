import { trimMemory } from '@stratus/core';
import { following } from './following.ts';

/** It is done so often, unless the process has stayed as large as it was. */
const [everyMs, sameBytes] = [30_000, 2 ** 20];

/**
 * Keeps a server that runs for months as small as it can be: memory of requests that are over goes back to the operating system, where the C library keeps it
 * (`trimMemory`). Nothing happens while nobody asks. What it gives ends that.
 */
export function trimmingMemory(): () => void {
  // At once, since that bounds what may be kept at all.
  void trimMemory();
  let before = process.memoryUsage.rss();
  return following(everyMs, async () => {
    // Growth says nothing of what could go back: what was in use at the last time may be free by now.
    if (Math.abs(process.memoryUsage.rss() - before) < sameBytes) return;
    await trimMemory();
    before = process.memoryUsage.rss();
  });
}
