// Stands in for 'vitest' in a page: enough of it to run a contract suite there, with the real expectations.
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const { expect } = chai;

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
