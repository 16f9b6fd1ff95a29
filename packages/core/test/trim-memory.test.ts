// A process that has freed memory is smaller afterwards only where somebody sees to it: real memory, by the system's own account.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { trimMemory } from '@stratus/core';
import { expect, it } from 'vitest';

const collect = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

/** glibc alone keeps what is freed. */
const hasGlibc = (): boolean => {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
};

it('gives back what lies between memory that is still used', async () => {
  const mb = 2 ** 20;
  const all = Array.from({ length: 4000 }, () => new ArrayBuffer(50_000));
  for (const one of all) new Uint8Array(one).fill(1);
  const kept = all.filter((_, i) => i % 10 === 0);
  all.length = 0;
  collect();
  await new Promise((resolve) => setTimeout(resolve, 100)); // buffers are freed in a thread of their own
  const before = process.memoryUsage.rss();
  expect(await trimMemory()).toBe(hasGlibc());
  if (hasGlibc()) expect(before - process.memoryUsage.rss()).toBeGreaterThan(60 * mb);
  expect(kept.every((one) => new Uint8Array(one).every((x) => x === 1))).toBe(true);
});
