import type { Series } from './race.ts';
import { median } from './statistics.ts';

/** 'PyTorch 2.13.0, eager, 2 threads'. */
export const named = ({ library, version, variant, threads }: Series): string => `${library} ${version}, ${variant}, ${threads}`;

/** '12.345 ms'. */
export const ms = (x: number): string => `${x.toFixed(3)} ms`;

/** The series with the smallest median. */
export const fastest = (series: readonly Series[]): Series | undefined =>
  series.reduce<Series | undefined>((best, s) => (best && median(best.samples) <= median(s.samples) ? best : s), undefined);

/** One line for each series, on the log. */
export function logSeries(series: readonly Series[], log: (line: string) => void): void {
  for (const s of series)
    log(`${ms(median(s.samples)).padStart(10)}  (${ms(Math.min(...s.samples))} to ${ms(Math.max(...s.samples))})  ${named(s)}`);
}

/** JSON with lists of numbers on one line. */
export const pretty = (record: object): string =>
  JSON.stringify(record, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value), 2).replace(
    /\[\s+([-\d.e,\s]+?)\s+\]/g,
    (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`,
  );
