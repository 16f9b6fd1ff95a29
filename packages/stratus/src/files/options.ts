import { fail, lookUp } from '@stratus/core';

/** Throws `unknown-name` with a did-you-mean for an option that does not exist. */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  const table = Object.fromEntries(known.map((name) => [name, true]));
  for (const name of Object.keys(given)) lookUp(`option of ${what}`, table, name);
}

/** Throws `bad-value` for what is no whole number from 1. */
export function count(what: string, name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw fail('bad-value', { what, got: `${name} = ${String(value)}`, want: 'a whole number from 1' });
}

/** Throws `bad-value` for a value that is none of those that an option can have. */
export function oneOf(what: string, name: string, value: unknown, values: readonly string[]): void {
  if (!values.includes(value as string))
    throw fail('bad-value', { what, got: `${name} = ${String(value)}`, want: values.map((v) => `'${v}'`).join(' or ') });
}
