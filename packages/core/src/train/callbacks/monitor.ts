import { fail } from '../../errors.ts';
import { nearest } from '../../suggest.ts';
import type { Logs } from '../logs.ts';

/** Which figure is watched, and which way is better. */
export interface MonitorOptions {
  /** A name in the logs: `valLoss` unless told. */
  readonly monitor?: string;
  /** 'auto': lower for names that end in loss or error, higher for the rest. */
  readonly mode?: 'auto' | 'min' | 'max';
  /** Smaller changes do not count. */
  readonly minDelta?: number;
}

/** Compares a figure with the best so far. */
export function monitorOf({ monitor = 'valLoss', mode = 'auto', minDelta = 0 }: MonitorOptions) {
  const lower = mode === 'min' || (mode === 'auto' && /(loss|error|entropy|divergence)$/i.test(monitor));
  return {
    name: monitor,
    worst: lower ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY,
    better: (value: number, best: number): boolean => (lower ? value < best - minDelta : value > best + minDelta),
    /** Errors: `unknown-name` when the logs lack the figure (no validation data, a misspelt name). */
    read(logs: Logs): number {
      const value = logs[monitor];
      if (typeof value === 'number') return value;
      const known = Object.keys(logs);
      throw fail('unknown-name', { kind: 'figure to monitor', name: monitor, suggestion: nearest(monitor, known), known });
    },
  };
}
