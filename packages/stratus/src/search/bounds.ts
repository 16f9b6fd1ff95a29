import { fail } from '@stratus/core';

/** Checks the ends of a domain. Errors: `bad-value`. */
export function checkBounds(
  what: string,
  low: number,
  high: number,
  { above = Number.NEGATIVE_INFINITY, whole = false } = {},
): void {
  const fits = (x: unknown): boolean => Number.isFinite(x) && (!whole || Number.isSafeInteger(x)) && (x as number) > above;
  if (fits(low) && fits(high) && low <= high && Number.isFinite(high - low)) return;
  const kind = whole ? 'whole numbers' : 'finite numbers';
  throw fail('bad-value', {
    what,
    got: `${String(low)} and ${String(high)}`,
    want: `${kind}${above === Number.NEGATIVE_INFINITY ? '' : ` above ${above}`}, the lower one first`,
  });
}
