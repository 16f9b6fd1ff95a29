import { fail } from '../../errors.ts';
import { nearest } from '../../suggest.ts';
import type { Logs } from '../logs.ts';
import type { TrainingRun } from './callback.ts';

/** Which figure is watched, and which way is better. */
export interface MonitorOptions {
  /** A name in the logs: `valLoss` unless told. */
  readonly monitor?: string;
  /** 'auto': as the metric says; for figures of no metric, lower for names that end in loss or error, higher for the rest. */
  readonly mode?: 'auto' | 'min' | 'max';
  /** Smaller changes do not count. */
  readonly minDelta?: number;
}

/** Compares a figure with the best so far. */
export function monitorOf({ monitor = 'valLoss', mode = 'auto', minDelta = 0 }: MonitorOptions) {
  const isLower = (run: TrainingRun): boolean => {
    if (mode !== 'auto') return mode === 'min';
    const known = run.direction?.(monitor);
    return known ? known === 'lower' : /(loss|error|entropy|divergence)$/i.test(monitor);
  };
  return {
    name: monitor,
    /** True when `value` is better than the best so far; the first one that is a number always is. */
    better(value: number, best: number | undefined, run: TrainingRun): boolean {
      if (best === undefined) return !Number.isNaN(value);
      return isLower(run) ? value < best - minDelta : value > best + minDelta;
    },
    /** Errors: `unknown-name` when the logs lack the figure (no validation data, a misspelt name). */
    read(logs: Logs): number {
      const value = Object.hasOwn(logs, monitor) ? logs[monitor] : undefined;
      if (typeof value === 'number') return value;
      const known = Object.keys(logs);
      throw fail('unknown-name', { kind: 'figure to monitor', name: monitor, suggestion: nearest(monitor, known), known });
    },
  };
}
