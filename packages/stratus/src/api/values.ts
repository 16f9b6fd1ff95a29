import { z } from 'zod';
import type { Json } from '../store/index.ts';

// What several groups of routes have in common. A schema is the check, the type and the documentation at once.

/** Of a run, model, alias, project: the same as the store's. */
export const plainName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
  .describe('Up to 128 letters, digits, dots, dashes and underscores, the first one a letter or digit.');

/** A text on one line, for people. */
export const title = z
  .string()
  .min(1)
  .max(250)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*\S[^\u0000-\u001f\u007f]*$/);

export const text = z
  .string()
  .max(1_000_000)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is refused
  .regex(/^[^\u0000]*$/);

export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .describe('The SHA-256 of the bytes.');

export const whole = z.int().min(0);
export const time = z.iso.datetime().describe('UTC, ISO 8601.');

/** What JSON can say. */
export const json = z.unknown().describe('Any JSON.') as z.ZodType<Json>;

/** JSON has no word for what is no finite number. */
export const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]).meta({
  id: 'Number',
  description: 'A number; NaN and the infinities are texts, for which JSON has no number.',
});

export const wireNumber = (value: number): z.output<typeof number> =>
  Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');

/** What is asked of every list. */
export const paging = {
  skip: whole.max(1_000_000_000).default(0).describe('So many are left out at the beginning.'),
  limit: z.int().min(1).max(1000).default(100).describe('At most so many.'),
};

export const next = z.int().nullable().describe('`skip` of the next page; null where this is the last one.');

/** A page out of one row more than were asked for. */
export function page<T>(rows: readonly T[], { skip, limit }: { readonly skip: number; readonly limit: number }) {
  return { rows: rows.slice(0, limit), next: rows.length > limit ? skip + limit : null };
}

/** What becomes of a value on its way through JSON: dates are texts, undefined is nothing. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? Wire<U>[]
    : T extends object
      ? { [K in keyof T as undefined extends T[K] ? never : K]: Wire<T[K]> } & {
          [K in keyof T as undefined extends T[K] ? K : never]?: Wire<Exclude<T[K], undefined>>;
        }
      : T;

/** Says to the compiler what JSON.stringify will do. */
export const onWire = <T>(value: T): Wire<T> => value as Wire<T>;
