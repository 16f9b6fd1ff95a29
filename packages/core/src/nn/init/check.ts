import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';

/** Throws `bad-value` unless `value` is a finite number, at least `from`, above `above`. */
export function checkNumber(
  what: string,
  name: string,
  value: unknown,
  bounds: { readonly from?: number; readonly above?: number } = {},
): void {
  const { from = -Infinity, above = -Infinity } = bounds;
  if (typeof value === 'number' && Number.isFinite(value) && value >= from && value > above) return;
  const bound = from > -Infinity ? ` of at least ${from}` : above > -Infinity ? ` above ${above}` : '';
  throw fail('bad-value', { what, got: `${name} = ${String(value)}`, want: `a finite number${bound}` });
}

/** Throws `unknown-name` with a did-you-mean for an option that does not exist. `given`: what a caller's destructuring left over. */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  const table = Object.fromEntries(known.map((name) => [name, true]));
  for (const name of Object.keys(given)) lookUp(`option of ${what}`, table, name);
}
