import { fail } from './errors.ts';

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = d;
    }
  }
  return rows[a.length]![b.length]!;
}

/** The distance takes time in proportion to both lengths, and names may come from anywhere. */
const longest = 100;

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/**
 * The known name that `name` was probably meant to be, ignoring case and punctuation; undefined when none is near.
 *
 * @example
 * import { nearest } from '@stratus/core';
 * console.log(nearest('adm', ['sgd', 'adam'])); // adam
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > longest) return undefined; // no name of ours is near a text of this length
  const wanted = plain(name);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    if (candidate.length > longest) continue;
    const d = distance(wanted, plain(candidate));
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

/**
 * Looks `name` up in one room's table, or throws `unknown-name` with a did-you-mean.
 *
 * @example
 * import { lookUp } from '@stratus/core';
 * console.log(lookUp('unit', { metre: 1, inch: 0.0254 }, 'inch')); // 0.0254
 */
export function lookUp<T>(kind: string, table: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(table);
  throw fail('unknown-name', { kind, name, suggestion: nearest(name, known), known });
}

/** 'mean_squared_error' and 'MeanSquaredError' as 'meanSquaredError'; all capitals as small letters. */
const camelCase = (name: string): string => {
  if (/^[A-Z0-9]+$/.test(name)) return name.toLowerCase();
  const joined = name.replaceAll(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return joined.slice(0, 1).toLowerCase() + joined.slice(1);
};

/** As {@link lookUp}, for names that people bring along from elsewhere: in any of the usual ways to write them, or under an alias. */
export function lookUpAnyCase<T>(
  kind: string,
  { table, aliases }: { readonly table: Readonly<Record<string, T>>; readonly aliases: Readonly<Record<string, string>> },
  name: string,
): T {
  const camel = camelCase(name);
  const known = Object.hasOwn(aliases, camel) ? aliases[camel]! : Object.hasOwn(table, camel) ? camel : name;
  return lookUp(kind, table, known);
}
