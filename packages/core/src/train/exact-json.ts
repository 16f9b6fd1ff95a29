/** Numbers that JSON has no words for. */
const odd: readonly (readonly [string, number])[] = [
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
];
const mark = '$number';

/** JSON in which every number comes back as it was: also NaN, the infinities and minus zero. */
export const writeExact = (value: unknown): string =>
  JSON.stringify(value, (_, x: unknown) => {
    const found = typeof x === 'number' ? odd.find(([, number]) => Object.is(x, number)) : undefined;
    return found ? { [mark]: found[0] } : x;
  });

/** Reads what {@link writeExact} wrote. */
export const parseExact = (text: string): unknown =>
  JSON.parse(text, (_, x: unknown) => {
    if (typeof x !== 'object' || x === null || !(mark in x)) return x;
    return odd.find(([name]) => name === (x as Record<string, unknown>)[mark])?.[1] ?? x;
  });
