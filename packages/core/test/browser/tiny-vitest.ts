// Stands in for 'vitest' in a page: as much of it as the executor contract uses.

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null;
const show = (v: unknown): string =>
  v instanceof RegExp
    ? String(v)
    : (JSON.stringify(v, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)) ?? String(v));

/** Equal in depth; a property that is undefined counts as absent. With `part`, `got` may have more properties. */
function equal(got: unknown, want: unknown, part = false): boolean {
  if (Object.is(got, want)) return true;
  if (!isObject(got) || !isObject(want) || Array.isArray(got) !== Array.isArray(want)) return false;
  if (Array.isArray(want) && (got as unknown as unknown[]).length !== want.length) return false;
  const keys = new Set([...Object.keys(want), ...(part ? [] : Object.keys(got))]);
  return [...keys].every((key) => equal(got[key], want[key], part));
}

const matchers = {
  toBe: (got: unknown, want: unknown) => Object.is(got, want),
  toEqual: (got: unknown, want: unknown) => equal(got, want),
  toMatchObject: (got: unknown, want: unknown) => equal(got, want, true),
  toMatch: (got: unknown, want: RegExp) => want.test(got as string),
  toContain: (got: unknown, want: unknown) => (got as string | unknown[]).includes(want as string),
  toHaveProperty: (got: unknown, want: string) => isObject(got) && want in got,
  toBeUndefined: (got: unknown) => got === undefined,
  toBeGreaterThan: (got: unknown, want: number) => (got as number) > want,
  toBeLessThan: (got: unknown, want: number) => (got as number) < want,
};

export function expect(got: unknown) {
  const checks = (wanted: boolean) =>
    Object.fromEntries(
      Object.entries(matchers).map(([name, holds]) => [
        name,
        (want?: never) => {
          if (holds(got, want as never) === wanted) return;
          throw new Error(`expected ${show(got)} ${wanted ? '' : 'not '}${name} ${show(want)}`);
        },
      ]),
    );
  return { ...checks(true), not: checks(false) };
}

const tests: { readonly name: string; readonly test: () => unknown }[] = [];
const path: string[] = [];

export function describe(name: string, body: () => void): void {
  path.push(name);
  body();
  path.pop();
}

const register = (name: string, test: () => unknown): void => void tests.push({ name: [...path, name].join(' > '), test });

const each =
  (rows: readonly unknown[]) =>
  (name: string, test: (...row: unknown[]) => unknown): void => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row];
      register(name.replace('%s', String(values[0])), () => test(...values));
    }
  };

export const it = Object.assign(register, { each });

/** Runs all tests that were declared. The name of each, and why it failed if it did. */
export async function runAll(): Promise<{ name: string; failure?: string }[]> {
  const results = [];
  for (const { name, test } of tests) {
    try {
      await test();
      results.push({ name });
    } catch (e) {
      results.push({ name, failure: e instanceof Error ? (e.stack ?? e.message) : String(e) });
    }
  }
  return results;
}
