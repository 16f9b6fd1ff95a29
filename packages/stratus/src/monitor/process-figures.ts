import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process takes. Plain data, which another process can be sent. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** On processors since it began, of the user and the system. */
  readonly cpuSeconds: number;
  /** How late the event loop was: half of the time at most, 99 % of the time at most, at most since the last look. */
  readonly lagP50: number;
  readonly lagP99: number;
  readonly lagMax: number;
}

/** The event loop is looked at so often. */
const resolutionMs = 20;

const lag = (nanoseconds: number): number =>
  Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000) : 0;

/** Measures this process. */
export class ProcessWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });

  constructor() {
    this.#delay.enable();
  }

  figures(): ProcessFigures {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const delay = this.#delay;
    const lags = { lagP50: lag(delay.percentile(50)), lagP99: lag(delay.percentile(99)), lagMax: lag(delay.max) };
    delay.reset();
    return { residentBytes: rss, heapBytes: heapUsed, externalBytes: external, cpuSeconds: (user + system) / 1e6, ...lags };
  }

  close(): void {
    this.#delay.disable();
  }
}

/** Of several processes: what they take together, and how late the latest of them is. */
export function processSum(all: readonly ProcessFigures[]): ProcessFigures {
  const sum = (of: (one: ProcessFigures) => number): number => all.reduce((n, one) => n + of(one), 0);
  const most = (of: (one: ProcessFigures) => number): number => all.reduce((n, one) => Math.max(n, of(one)), 0);
  return {
    residentBytes: sum((one) => one.residentBytes),
    heapBytes: sum((one) => one.heapBytes),
    externalBytes: sum((one) => one.externalBytes),
    cpuSeconds: sum((one) => one.cpuSeconds),
    lagP50: most((one) => one.lagP50),
    lagP99: most((one) => one.lagP99),
    lagMax: most((one) => one.lagMax),
  };
}
