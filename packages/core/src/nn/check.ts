import { fail } from '../errors.ts';

/** A layer's size must be a positive whole number. */
export function positiveInteger(what: string, name: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1)
    throw fail('bad-value', { what, got: `${name} ${String(value)}`, want: 'a positive whole number' });
}

/** A probability below 1. */
export function fraction(what: string, name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0 && value < 1))
    throw fail('bad-value', { what, got: `${name} ${String(value)}`, want: 'a number from 0 (inclusive) to 1 (exclusive)' });
}
