// `stratus traffic`, as users run it: built, in processes of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ended, start } from './cli-process.ts';
import { smallBytes } from './serving.ts';

const cwd = mkdtempSync(join(tmpdir(), 'stratus-cli-traffic-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const stratus = (...args: string[]): Promise<Ended> => start(args, { cwd }).ended;

beforeAll(async () => {
  writeFileSync(join(cwd, 'small.onnx'), await smallBytes());
  for (const _ of [1, 2]) expect((await stratus('models', 'register', 'small.onnx', '--name', 'net')).code).toBe(0);
});

it('spreads the requests to a model, and shows what holds and who said so', async () => {
  const canary = ['--route', '1=95', '--route', '2=5:next', '--max-error-rate', '0.02', '--why', 'a canary', '--by', 'ann'];
  const set = await stratus('traffic', 'net', ...canary, '--shadow', '2');
  expect([set.code, set.stderr]).toEqual([0, '']);
  expect(set.stdout).toMatch(/^ {2} {4}95 % {2}1$/m);
  expect(set.stdout).toMatch(/5 % {2}2, and requests that name it next\n {2} {2}shadow {2}2\n/);
  expect(set.stdout).toContain('more than 2 % of its requests fail.');
  expect(set.stdout).toMatch(/^1 {2}.* {2}1=95 2=5 shadow 2 {2}ann {2}“a canary”$/m);
  const ended = await stratus('traffic', 'net', '--end', '--json');
  const { rule, changes } = JSON.parse(ended.stdout) as { rule: unknown; changes: { number: number; rule: unknown }[] };
  expect([rule, changes.map(({ number }) => number)]).toEqual([null, [2, 1]]);
  expect(changes[1]!.rule).toMatchObject({ shadow: { version: '2' }, rollback: { errorRate: 0.02 } });
  expect((await stratus('traffic', 'net')).stdout).toContain('all requests go to @production');
});

it('limits how far a version may move from the training and from the others', async () => {
  const limits = ['--max-input-drift', '0.25', '--max-output-drift', '0.3', '--min-drift-rows', '200'];
  const set = await stratus('traffic', 'net', '--route', '1=9', '--route', '2=1', ...limits);
  expect([set.code, set.stderr]).toEqual([0, '']);
  expect(set.stdout).toContain(
    'The rule before is put back when, of 200 samples or more, an input has moved by more than 0.25 from the training, or an output by more than 0.3 from what the other versions say (population stability index).',
  );
  const shown = await stratus('traffic', 'net', '--json');
  const { rule } = JSON.parse(shown.stdout) as { rule: { rollback: unknown } };
  expect(rule.rollback).toEqual({ drift: { inputs: 0.25, outputs: 0.3, minRows: 200 } });
  expect((await stratus('traffic', 'net', '--end')).code).toBe(0);
});

it.each([
  [['net', '--route', '1=1', '--min-drift-rows', '200'], 2, '--min-drift-rows says more about'],
  [['net', '--route', '1=1', '--max-input-drift', '0'], 2, 'above 0'],
  [['net', '--route', '1=1', '--max-output-drift', '0.2'], 1, 'another version to compare with'],
  [['net', '--route', '1=1', '--max-input-drift', '0.2', '--min-drift-rows', '10'], 2, '50'],
  [['net', '--route', '9=1'], 1, "no version of the model net named '9'"],
  [['nett'], 1, "Did you mean 'net'?"],
  [['net', '--route', 'x'], 2, 'It must look like 3=90'],
  [['net', '--shadow', '1'], 2, 'A rule needs routes'],
  [['net', '--end', '--route', '1=1'], 2, '--end and a rule'],
  [['net', '--route', '1=0'], 1, 'a sum above 0'],
] as const)('refuses %j', async (args, code, part) => {
  const ended = await stratus('traffic', ...args);
  expect(ended.stderr).toContain(part);
  expect(ended.code).toBe(code);
});
