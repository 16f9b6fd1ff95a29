import { short } from '../plots/index.ts';
import type { ColumnProfile } from './column-profile.ts';

/** A share; what is there never looks like nothing, and what is not all never like all. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return '<0.1 %';
  if (value < 100 && value > 99.9) return '>99.9 %';
  return `${value.toFixed(value > 0 && value < 10 ? 1 : 0)} %`;
}

/** A number of a column: a date as a date. */
export function valueOf({ kind }: ColumnProfile, x: number | undefined): string {
  if (x === undefined || Number.isNaN(x)) return '';
  return kind === 'date' ? dateText(new Date(x)) : short(x);
}

export const dateText = (date: Date): string => {
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 19).replace('T', ' ');
};

/** A frequent value as text. */
export const topText = (value: ColumnProfile['top'][number]['value']): string =>
  typeof value === 'number' ? short(value) : value instanceof Date ? dateText(value) : String(value);

/** How many values differ: what is not exact is at least so many. */
export const distinctText = ({ distinct, distinctIsExact }: ColumnProfile): string => `${distinctIsExact ? '' : '≥'}${distinct}`;
