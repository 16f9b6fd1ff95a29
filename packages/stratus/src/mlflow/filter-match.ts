import type { Clause } from './filter.ts';

/** LIKE: `%` is any text, `_` any character. In time that grows with the product of the lengths, whatever the pattern. */
export function isLike(value: string, pattern: string): boolean {
  const [text, wanted] = [[...value], [...pattern]];
  let [at, next, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    if (wanted[next] === '%') {
      star = next++;
      resume = at;
    } else if (next < wanted.length && (wanted[next] === '_' || wanted[next] === text[at])) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resume;
    } else return false;
  }
  while (wanted[next] === '%') next++;
  return next === wanted.length;
}

/** Whether a clause holds for a value; one that is not there meets IS NULL alone. */
export function holds({ is, value }: Clause, found: string | number | undefined): boolean {
  if (is === 'IS NULL') return found === undefined;
  if (found === undefined) return false;
  switch (is) {
    case 'IS NOT NULL':
      return true;
    case '=':
      return found === value;
    case '!=':
      return found !== value;
    case '<':
      return (found as number) < (value as number);
    case '<=':
      return (found as number) <= (value as number);
    case '>':
      return (found as number) > (value as number);
    case '>=':
      return (found as number) >= (value as number);
    case 'LIKE':
      return isLike(String(found), value as string);
    case 'ILIKE':
      return isLike(String(found).toLowerCase(), (value as string).toLowerCase());
    case 'IN':
      return (value as readonly string[]).includes(String(found));
    case 'NOT IN':
      return !(value as readonly string[]).includes(String(found));
  }
}

/** Sorts by several keys at once; what is not there, and NaN, comes last whichever way. */
export function sortedBy<T>(
  items: readonly T[],
  keys: readonly { readonly of: (item: T) => string | number | undefined; readonly isAscending: boolean }[],
): T[] {
  const isNone = (value: unknown): boolean => value === undefined || Number.isNaN(value);
  return [...items].sort((a, b) => {
    for (const { of, isAscending } of keys) {
      const [x, y] = [of(a), of(b)];
      if (isNone(x) || isNone(y)) {
        if (isNone(x) && isNone(y)) continue;
        return isNone(x) ? 1 : -1;
      }
      if (x !== y) return (x! < y! ? -1 : 1) * (isAscending ? 1 : -1);
    }
    return 0;
  });
}
