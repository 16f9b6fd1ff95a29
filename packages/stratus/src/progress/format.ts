import type { Logs } from '@stratus/core';

/** A figure in about five digits: 0.1234, 12.346, 3.20e-5. */
export function figure(x: number): string {
  const size = Math.abs(x);
  if (!Number.isFinite(x)) return String(x);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return x.toExponential(2);
  return x.toFixed(size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : size < 10_000 ? 1 : 0);
}

/** A count, in groups of three: 1 320. */
export const count = (x: number): string => String(Math.round(x)).replaceAll(/\B(?=(\d{3})+$)/g, ' ');

/** A number of bytes, as publishers give them: 512 B, 28.9 kB, 168.5 MB. */
export function byteCount(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][power]}`;
}

/** Steps a second; slow ones with decimals. */
export const speed = (perSecond: number): string => `${perSecond >= 10 ? count(perSecond) : perSecond.toPrecision(2)} steps/s`;

/** A clock for what is left: 0:07, 12:31, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.ceil(seconds - 1e-3);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A time that was measured: 0.8 s, 12.3 s, 2:05. */
export const duration = (seconds: number): string => (seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds));

/** The figures that fit into a line: confusion matrices do not. */
export const scalars = (logs: Logs): [string, number][] =>
  Object.entries(logs).filter((entry): entry is [string, number] => typeof entry[1] === 'number');

const writable = (_: string, value: unknown): unknown => {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value;
};

/** One line of JSON, as core's jsonLine writes it. Not core's own, so that the command line answers before core is loaded. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, writable)}\n`;
