import { trimMemory } from '@stratus/core';
import { following } from './following.ts';

/** It is looked so often; what is kept beyond this, and beyond this share of what was needed, goes back. */
const [everyMs, leastBytes, leastShare] = [30_000, 32 * 2 ** 20, 0.1];

/**
 * Keeps a server that runs for months as small as it can be: memory of requests that are over goes back to the operating system, where the C library keeps it
 * (`trimMemory`). Nothing happens while the process has not grown. What it gives ends that.
 */
export function trimmingMemory(): () => void {
  let least = process.memoryUsage.rss();
  return following(everyMs, async () => {
    const now = process.memoryUsage.rss();
    least = Math.min(least, now);
    if (now - least < Math.max(leastBytes, least * leastShare)) return;
    await trimMemory();
    least = process.memoryUsage.rss();
  });
}
