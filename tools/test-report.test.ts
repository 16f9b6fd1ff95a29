import { join } from 'node:path';
import { expect, it } from 'vitest';
import { count, type Module } from './test-report.ts';

type Test = ReturnType<Module['children']['allTests']> extends Iterable<infer T> ? T : never;
const test = (fullName: string, result: object, mode: Test['options']['mode'] = 'run'): Test =>
  ({ fullName, options: { mode }, result: () => result }) as unknown as Test;
const module = (name: string, tests: readonly Test[], errors: readonly unknown[] = []): Module => ({
  moduleId: join(process.cwd(), name),
  children: { allTests: () => tests },
  errors: () => errors,
});

it('counts tests, files that could not be loaded and stray errors, with the reasons of what was skipped', () => {
  const modules = [
    module('a.test.ts', [
      test('adds', { state: 'passed' }),
      test('subtracts', { state: 'failed' }),
      test('reads > events', { state: 'skipped', note: 'needs Python' }),
      test('multiplies', { state: 'skipped' }, 'todo'),
      test('divides', { state: 'skipped' }, 'skip'),
    ]),
    module('b.test.ts', [], [new Error('no such file')]),
  ];
  expect(count(modules, 1)).toEqual({
    passed: 1,
    failed: 3,
    skipped: [
      { name: 'a.test.ts > reads > events', why: 'needs Python' },
      { name: 'a.test.ts > multiplies', why: 'to be written' },
      { name: 'a.test.ts > divides', why: 'skipped in the file, without a reason' },
    ],
  });
});
