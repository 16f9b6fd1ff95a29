// How layers, losses, optimizers, … check what they are given: options are plain numbers and flags, each with a rule.
import { fail } from './errors.ts';
import { lookUp } from './suggest.ts';

const finite = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x);

/** What an option may be: the words of the error, and the test. */
const rules = {
  number: ['a finite number', finite],
  positive: ['a finite number above 0', (x: unknown) => finite(x) && x > 0],
  nonNegative: ['0 or a finite number above it', (x: unknown) => finite(x) && x >= 0],
  fraction: ['a number from 0 to 1, below 1', (x: unknown) => finite(x) && x >= 0 && x < 1],
  share: ['a number from 0 to 1', (x: unknown) => finite(x) && x >= 0 && x <= 1],
  atLeastOne: ['a finite number of at least 1', (x: unknown) => finite(x) && x >= 1],
  count: ['a whole number of at least 1', (x: unknown) => Number.isSafeInteger(x) && (x as number) >= 1],
  wholeNumber: ['a whole number of at least 0', (x: unknown) => Number.isSafeInteger(x) && (x as number) >= 0],
  integer: ['a whole number', Number.isSafeInteger],
  flag: ['true or false', (x: unknown) => typeof x === 'boolean'],
} as const;

/** The name of a rule for one option. */
export type Rule = keyof typeof rules;

/** Throws `bad-value` for the first option that breaks its rule. `what` is the function the options were given to. */
export function checkOptions<N extends string>(
  what: string,
  values: Readonly<Record<N, unknown>>,
  wanted: Readonly<Record<NoInfer<N>, Rule>>,
): void {
  for (const name of Object.keys(values) as N[]) {
    const [want, fits] = rules[wanted[name]];
    if (!fits(values[name])) throw fail('bad-value', { what, got: `${name} = ${String(values[name])}`, want });
  }
}

/**
 * Throws `unknown-name` with a did-you-mean for an option that does not exist: types do not guard JavaScript and saved configs.
 * `given`: what a caller's destructuring left over.
 */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  const table = Object.fromEntries(known.map((name) => [name, true]));
  for (const name of Object.keys(given)) lookUp(`option of ${what}`, table, name);
}
