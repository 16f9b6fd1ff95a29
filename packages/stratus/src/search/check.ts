import { fail } from '@stratus/core';

/** Checks a whole number of an option. Errors: `bad-value`. */
export function checkWhole(what: string, name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw fail('bad-value', { what, got: `${name} = ${String(value)}`, want: `a whole number of at least ${least}` });
}
