// `stratus profile`: a script as it is, its first training looked into, and nothing else of it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential } from '@stratus/core';
import { afterAll, describe, expect, it } from 'vitest';
import { stratus } from './cli-process.ts';

const cwd = mkdtempSync(join(tmpdir(), 'stratus-cli-profile-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const script = (name: string, rest: string): string => {
  const text = `
import { dense, input, sequential, sgd } from 'stratus';
const units: number = Number(process.argv[2] ?? 4);
const model = sequential([input({ shape: [2] }), dense({ units, name: 'wide' }), dense({ units: 1, name: 'last' })]);
model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
const x = Array.from({ length: 32 }, (_, i) => [i / 32, 1]);
console.log('the script begins');
${rest}`;
  writeFileSync(join(cwd, name), text);
  return name;
};
const train = script(
  'train.ts',
  `
await model.fit(x, x.map(([a]) => a!), { epochs: 50, batchSize: 8, checkpoint: 'own', resume: true });
console.log('the script goes on');
await model.save('model.onnx');`,
);

describe('stratus profile', () => {
  it('prints where the time goes, writes a page and a time line, and saves nothing else', async () => {
    const { code, stdout, stderr } = await stratus(['profile', train, '--steps', '4', '--', '6'], { cwd });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('the script begins') });
    expect(stderr).toContain('The flame chart is profile.html; the time line');
    expect(stderr).not.toContain('goes on');
    expect(stdout).toMatch(/^4 steps of /);
    for (const word of ['waiting for data', 'wide', 'last', 'Gemm', '100.0 %']) expect(stdout).toContain(word);
    expect(readdirSync(cwd).sort()).toEqual(['idle.ts', 'profile.html', 'profile.json', 'train.ts']);
    expect(readFileSync(join(cwd, 'profile.html'), 'utf8')).toContain('<h1>train.ts</h1>');
    const { traceEvents } = JSON.parse(readFileSync(join(cwd, 'profile.json'), 'utf8')) as { traceEvents: { name: string }[] };
    expect(traceEvents.filter(({ name }) => /^step \d+$/.test(name))).toHaveLength(4);
  });

  it('answers programs with one line of JSON, whatever the script prints', async () => {
    const args = ['profile', train, '--steps', '3', '--json', '--out', 'runs/a'];
    const { code, stdout } = await stratus(args, { cwd });
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    expect(answer).toMatchObject({
      steps: 3,
      files: { html: 'runs/a.html', trace: 'runs/a.json' },
      matrixRate: expect.any(Number),
    });
    for (const file of ['runs/a.html', 'runs/a.json']) expect(existsSync(join(cwd, file))).toBe(true);
  });

  it('looks into the inference of a model', async () => {
    const model = sequential([input({ shape: [4] }), dense({ units: 3, name: 'answer' })]);
    await model.save(join(cwd, 'answer.onnx'));
    const { code, stdout } = await stratus(
      ['profile', 'answer.onnx', '--batch', '8', '--steps', '2', '--json', '--out', 'runs/b'],
      { cwd },
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 2, flops: 2 * 8 * 4 * 3, layers: [{ layer: 'answer', backward: 0 }] });
  });

  it.each<[string, string[], number, RegExp]>([
    ['a size of an axis', ['answer.onnx', '--size', 'time'], 2, /the name of an axis and its size, such as time=128/],
    ['a folder', ['.'], 2, /stratus profile train\.ts/],
    ['no steps', [train, '--steps', '0'], 2, /whole number of at least 1/],
    ['a file that cannot be written', [train, '--steps', '1', '--out', 'train.ts/a'], 1, /Writing train\.ts\/a\.html failed/],
    ['a script that never trains', [script('idle.ts', '')], 1, /idle\.ts: got a script that has not trained/],
  ])('says what is wrong with %s', async (_, args, code, message) => {
    const ended = await stratus(['profile', ...args], { cwd });
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
  });
});
