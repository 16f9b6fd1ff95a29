// How figures and parts are called in the table and on the page.
import type { Phase } from './summary.ts';

export const phaseTitles: Readonly<Record<Phase, string>> = {
  data: 'waiting for data',
  forward: 'forward',
  backward: 'backward',
  update: 'update',
  engine: 'engine, between kernels',
  host: 'JavaScript, calls and copies',
  callbacks: 'callbacks and checkpoints',
};

export const showLayer = (layer: string): string => (layer === '' ? '(no layer)' : layer);

export const milliseconds = (ms: number): string =>
  ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(3);

/** A share; what is there never looks like nothing. */
export const percent = (share: number): string => (share > 0 && share < 0.0005 ? '<0.1 %' : `${(100 * share).toFixed(1)} %`);

/** GFLOP/s, and nothing where there are none. */
export const rateText = (rate: number | undefined): string =>
  rate === undefined ? '' : rate >= 100 ? rate.toFixed(0) : rate >= 1 ? rate.toFixed(1) : rate.toPrecision(2);

/** In units of thousands, with about three digits. */
function inUnits(value: number, units: readonly string[]): string {
  const at = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(value) / 3)));
  const scaled = value / 1000 ** at;
  return `${at === 0 || scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)} ${units[at]}`;
}

export const bytesText = (bytes: number): string => inUnits(bytes, ['bytes', 'KB', 'MB', 'GB', 'TB']);

/** Operations of a step. */
export const flopsText = (flops: number): string => inUnits(flops, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP']);

/** Calls in a mean step. */
export const callsText = (n: number): string => (Number.isInteger(n) ? String(n) : n.toFixed(1));
