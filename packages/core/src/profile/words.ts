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

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** GFLOP/s, and nothing where there are none. */
export const rateText = (rate: number | undefined): string =>
  rate === undefined ? '' : rate >= 100 ? rate.toFixed(0) : rate >= 1 ? rate.toFixed(1) : rate.toPrecision(2);

export const bytesText = (bytes: number): string => {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** at;
  return `${at === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[at]}`;
};

/** Operations of a step. */
export const flopsText = (flops: number): string =>
  flops >= 1e9 ? `${(flops / 1e9).toPrecision(3)} GFLOP` : `${(flops / 1e6).toPrecision(3)} MFLOP`;

const count = (n: number): string => (Number.isInteger(n) ? String(n) : n.toFixed(1));
export const callsText = count;
