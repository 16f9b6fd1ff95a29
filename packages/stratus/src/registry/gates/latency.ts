import { sampleFeeds } from '../../serve/index.ts';
import type { Gate } from './gate.ts';

const warmUps = 3;
const mostRuns = 200;
const mostMs = 2000;

/** The time in which the model answers a request of one sample, in milliseconds, in this process and on this machine: the median of many. */
export const latencyGate: Gate<number> = {
  title: () => 'latency',
  asks: (limit) => `at most ${limit} ms`,
  fault: (limit) => (Number.isFinite(limit) && limit > 0 ? undefined : 'a number of milliseconds above 0'),
  async check(limit, candidate) {
    const servable = await candidate.servable();
    const feeds = sampleFeeds(servable);
    for (let i = 0; i < warmUps; i++) await servable.infer(feeds);
    const times: number[] = [];
    const end = performance.now() + mostMs;
    do {
      const began = performance.now();
      await servable.infer(feeds);
      times.push(performance.now() - began);
    } while (times.length < mostRuns && performance.now() < end);
    times.sort((a, b) => a - b);
    const median = times[times.length >> 1]!;
    return {
      passed: median <= limit,
      got: `${median.toPrecision(3)} ms, the median of ${times.length}`,
      want: `at most ${limit} ms`,
    };
  },
};
