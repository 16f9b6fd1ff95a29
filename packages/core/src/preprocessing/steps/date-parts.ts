import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';
import { showCategory } from './categories.ts';

const day = 86_400_000;

/** What can be said about a moment, in UTC: a number, and after how many it begins anew. */
const parts = {
  year: [(t: Date) => t.getUTCFullYear(), undefined],
  month: [(t: Date) => t.getUTCMonth() + 1, 12],
  day: [(t: Date) => t.getUTCDate(), 31],
  dayOfYear: [(t: Date) => Math.floor((t.getTime() - Date.UTC(t.getUTCFullYear(), 0)) / day) + 1, 366],
  /** Monday is 0. */
  weekday: [(t: Date) => (t.getUTCDay() + 6) % 7, 7],
  hour: [(t: Date) => t.getUTCHours(), 24],
  minute: [(t: Date) => t.getUTCMinutes(), 60],
  /** Days since 1970, with their fraction. */
  days: [(t: Date) => t.getTime() / day, undefined],
} as const;

/** A part of a date. */
export type DatePart = keyof typeof parts;

/** Options of {@link dateParts}. */
export interface DatePartsOptions {
  /** Which; year, month, day and weekday unless told. 'days' are those since 1970, with their fraction. */
  readonly parts?: readonly DatePart[] | undefined;
  /** Parts that begin anew become two numbers, sine and cosine, so that December lies beside January; false unless told. */
  readonly cyclic?: boolean | undefined;
}

const usual: readonly DatePart[] = ['year', 'month', 'day', 'weekday'];
/** ISO 8601; without a zone it is UTC, wherever it is read. */
const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** Milliseconds since 1970; NaN for what is no date. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const match = typeof value === 'string' ? iso.exec(value.trim()) : null;
  if (!match) return Number.NaN;
  const [, date, time = '00:00', zone = 'Z'] = match;
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.replace(':', '').slice(3) || '00'}`;
  return Date.parse(`${date}T${time}${offset}`);
}

/** Whether a text is a date as `dateParts` reads it. */
export const isDate = (text: string): boolean => !Number.isNaN(timeOf(text));

/**
 * A date (ISO 8601, a `Date`, or milliseconds since 1970) as numbers, in UTC. `standardize()` may follow.
 *
 * Shapes: `[k]` float32. Errors: `bad-value` for what is no date, naming the record; `unknown-name` for a part.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { day: [steps.dateParts({ parts: ['month', 'weekday'] })] } }).fit([{ day: '2026-11-22' }]);
 * console.log((await prep.feeds([{ day: '2026-11-22' }])).input!.toArray()); // [[11, 6]]
 */
export const dateParts = defineStep<DatePartsOptions>({
  type: 'dateParts',
  options: ['parts', 'cyclic'],
  reads: 'scalar',
  check({ parts: wanted = usual }) {
    if (!Array.isArray(wanted) || wanted.length === 0)
      throw fail('bad-value', { what: 'dateParts', got: 'no parts', want: 'one or more' });
    for (const part of wanted) lookUp('part of a date', parts, part);
  },
  form({ parts: wanted = usual, cyclic = false }, input) {
    needForm('dateParts', input, ['scalar', 'text', 'number']);
    const numbers = wanted.reduce((n, part) => n + (cyclic && parts[part][1] ? 2 : 1), 0);
    return { kind: 'tensor', dtype: 'float32', shape: [numbers] };
  },
  apply({ parts: wanted = usual, cyclic = false }) {
    return (values, { from }) =>
      Array.from(values, (value, i) => {
        const time = new Date(timeOf(value));
        if (Number.isNaN(time.getTime()))
          throw fail('bad-value', {
            what: 'dateParts',
            got: `${showCategory(value)} in record ${from + i}`,
            want: "a date, such as '2026-11-22' or '2026-11-22T08:30:00Z'",
          });
        return Float32Array.from(
          wanted.flatMap((part) => {
            const [read, period] = parts[part];
            const number = read(time);
            if (!cyclic || period === undefined) return [number];
            const angle = (2 * Math.PI * number) / period;
            return [Math.sin(angle), Math.cos(angle)];
          }),
        );
      });
  },
});
