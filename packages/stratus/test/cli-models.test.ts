// `stratus models`, and models by name in other commands, as processes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, sgd, tensor } from '@stratus/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { events, start, stratus } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-cli-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The class is the larger of two inputs; `sign` -1 says the other one. */
async function save(name: string, sign: number): Promise<void> {
  const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 2, activation: 'softmax', name: 'side' })]);
  net.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  await net.setWeights({
    'side/kernel': tensor([
      [sign, 0],
      [0, sign],
    ]),
    'side/bias': tensor([0, 0]),
  });
  await net.save(join(folder, name), { labels: ['left', 'right'] });
  await net.release();
}

const run = (...args: readonly string[]) => stratus(args, { cwd: folder });
const models = (...args: readonly string[]) => run('models', ...args);

beforeAll(async () => {
  await save('good.onnx', 1);
  await save('bad.onnx', -1);
  writeFileSync(
    join(folder, 'eval.json'),
    JSON.stringify({
      x: [
        [1, 0],
        [0, 1],
        [3, 1],
        [0, 2],
      ],
      y: [0, 1, 0, 1],
    }),
  );
}, 120_000);

it('registers, promotes behind gates, goes back, and remembers all of it', async () => {
  expect((await models('ls')).stderr).toContain('There is no model yet');
  expect(await models('register', 'good.onnx', '--name', 'side', '--metric', 'holdout=0.5', '--notes', 'first')).toMatchObject({
    code: 0,
    stdout: 'Registered side:1\n',
  });
  const [second] = events((await models('register', 'bad.onnx', '--name', 'side', '--json')).stdout);
  expect(second).toMatchObject({ version: { model: 'side', number: 2, metrics: {} } });
  const gate = [
    '--metric',
    'accuracy',
    '--data',
    'eval.json',
    '--latency-ms',
    '10000',
    '--max-bytes',
    '1MB',
    '--signature-compatible',
  ];
  expect((await models('gate', 'side', 'production', ...gate)).stdout).toContain('accuracy on eval.json: not lower than now');
  const first = await models('promote', 'side:1', 'production', '--why', 'the first');
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/✓ accuracy on eval.json: 1.0000 [\s\S]*@production → side:1/);

  const refused = await models('promote', 'side:2', 'production');
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain('✗ accuracy on eval.json: 0.0000');
  expect(refused.stderr).toContain("does not pass the gates of 'production'");
  expect((await models('promote', 'side:2', 'production', '--force')).code).toBe(2);
  expect((await models('promote', 'side:2', 'production', '--force', '--why', 'a trial')).code).toBe(0);
  expect((await models('rollback', 'side', 'production', '--why', 'it was')).stdout).toBe('@production → side:1 (was side:2)\n');

  const history = await models('history', 'side', 'production');
  expect(history.stdout).toMatch(
    /@production → side:1 \(was side:2, rolled back\).*“it was”[\s\S]*“a trial”\n {2}forced\n {2}✗ accuracy[\s\S]*“the first”/,
  );
  const [{ moves }] = events((await models('history', 'side', '--json')).stdout) as [{ moves: unknown[] }];
  expect(moves).toMatchObject([{ kind: 'rollback' }, { gates: { forced: true } }, { reason: 'the first' }]);
  expect((await models('show', 'side@production')).stdout).toMatch(
    /side:1 @production\n[\s\S]*takes +x: float32 \[batch, 2\][\s\S]*holdout 0.5000[\s\S]*first/,
  );
  expect((await models('ls')).stdout).toMatch(/side +2 +@production → 1/);
  expect((await models('unalias', 'side', 'production', '--why', 'over')).code).toBe(0);
  expect((await models('rollback', 'side', 'production')).stdout).toBe('@production → side:1\n');
}, 180_000);

it('takes models by name wherever a file is taken', async () => {
  const predicted = await run('predict', 'side@production', '--input', '[[0, 1]]', '--json');
  expect(events(predicted.stdout)[0]).toMatchObject({ labels: { side: [[{ label: 'right' }, { label: 'left' }]] } });
  expect((await run('evaluate', 'models:side@production', '--data', 'eval.json')).stdout).toContain('accuracy  1.0000');
  const server = start(['deploy', 'side@production', '--port', '0', '--json'], { cwd: folder });
  const [, url] = await server.until(/"url":"([^"]+)"/);
  const about = (await (await fetch(`${url}/v2/models/side`)).json()) as { name: string; versions: readonly string[] };
  expect(about).toMatchObject({ name: 'side', versions: ['1', '2'] }); // a traffic rule may send requests to any
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [0, 1] }] });
  const answer = await fetch(`${url}/v2/models/side/infer`, { method: 'POST', body });
  expect(await answer.json()).toMatchObject({ model_name: 'side', model_version: '1' });
  server.kill('SIGTERM');
  expect((await server.ended).code).not.toBe(1);
  const typo = await run('predict', 'sidee:1', '--input', '[[0, 1]]');
  expect(typo.code).toBe(1);
  expect(typo.stderr).toContain("Did you mean 'side'?");
  writeFileSync(join(folder, 'side@production'), readFileSync(join(folder, 'bad.onnx'))); // a file of that name is what is meant
  const other = await run('predict', 'side@production', '--input', '[[0, 1]]', '--json');
  expect(events(other.stdout)[0]).toMatchObject({ labels: { side: [[{ label: 'left' }, { label: 'right' }]] } });
  rmSync(join(folder, 'side@production'));
}, 120_000);

it('writes versions to files and takes them in again', async () => {
  expect((await models('export', 'side@production', 'out.onnx')).code).toBe(0);
  expect(readFileSync(join(folder, 'out.onnx')).equals(readFileSync(join(folder, 'good.onnx')))).toBe(true);
  expect((await models('export', 'side:2', 'out.tar')).code).toBe(0);
  expect((await models('import', 'out.tar', '--name', 'copy')).stdout).toBe('Registered copy:1\n');
  const from = ['--from-store', '.stratus/store.db', '--store', 'other/store.db'];
  expect((await models('import', 'side:1', ...from)).stdout).toBe('Registered side:1\n');
  expect((await models('show', 'side:1', '--store', 'other/store.db')).stdout).toContain('Imported from side:1 of');
  const gc = await models('gc', '--json');
  expect(events(gc.stdout)).toEqual([{ dryRun: true, aside: [], removed: [], restored: [] }]);
}, 120_000);

it.each([
  ['a gate without data', ['gate', 'side', 'production', '--metric', 'accuracy'], 2, '--metric and --data belong together'],
  ['a size that is none', ['gate', 'side', 'production', '--max-bytes', 'much'], 2, '10MB'],
  ['a metric without a number', ['register', 'good.onnx', '--name', 'side', '--metric', 'accuracy'], 2, 'accuracy=0.97'],
  ['a name with a path', ['register', 'good.onnx', '--name', '../side'], 1, 'the name of a model'],
  ['a version that is none', ['show', 'side:x'], 1, 'MODEL:3'],
  ['a model that is not there', ['history', 'sid'], 1, "Did you mean 'side'?"],
  ['a file that is no export', ['import', 'good.onnx'], 1, 'stratus models export'],
])('refuses %s', async (_, args, code, words) => {
  const ended = await models(...args);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(words);
  expect(ended.stderr).not.toContain('    at ');
});
