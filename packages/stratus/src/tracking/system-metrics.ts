import { performance } from 'node:perf_hooks';

const everyMs = 5000;

/**
 * Measures this process every five seconds: the cores that it keeps busy, and its memory in bytes. Their step is the time in seconds since `begin`. They are
 * also the sign of life of a run whose steps take long. Returns how to stop.
 */
export function systemMetrics(begin: () => number, point: (name: string, step: number, value: number) => void): () => void {
  let [at, used] = [performance.now(), process.cpuUsage()];
  const timer = setInterval(() => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    const cores = (user + system) / 1000 / (now - at);
    [at, used] = [now, process.cpuUsage()];
    const step = Math.max(0, Math.round((Date.now() - begin()) / 1000));
    point('system/cores', step, cores);
    point('system/memory', step, process.memoryUsage.rss());
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
