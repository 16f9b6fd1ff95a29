// `stratus train` leaves runs, also where it is killed; `stratus runs` looks at them. Every test is many processes.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeArtifact } from '@stratus/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkspace, type Workspace } from '../src/workspace/index.ts';
import { events, start, stratus } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-cli-runs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const place = (name: string, script: string): string => {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, '.stratus'), { recursive: true });
  writeFileSync(join(cwd, 'train.ts'), script);
  return cwd;
};

const inPlace = async <T>(cwd: string, work: (workspace: Workspace) => Promise<T>): Promise<T> => {
  const workspace = await openWorkspace({ store: join(cwd, '.stratus/store.db') });
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
};

/** Regression, `epochs` epochs of 20 steps; says where it is. At the step HOLD it waits for a file `go`. */
const script = (epochs: number, rest = ''): string => `
import { existsSync } from 'node:fs';
import { currentRun, dense, dropout, input, sequential, adam } from 'stratus';
const { learningRate = 0.01 } = currentRun()?.params() ?? {};
const x = Array.from({ length: 160 }, (_, i) => [Math.sin(i), Math.cos(i * 3)]);
const model = sequential([input({ shape: [2] }), dense({ units: 16, activation: 'tanh' }), dropout({ rate: 0.2 }), dense({ units: 1 })]);
model.compile({ optimizer: adam({ learningRate: Number(learningRate) }), loss: 'meanSquaredError' });
const isHeld = (step) => step === Number(process.env.HOLD) && !existsSync('go');
const where = { onBatchEnd: async ({ step }) => { console.log('at ' + step + '.'); while (isHeld(step)) await new Promise((go) => setTimeout(go, 10)); } };
await model.fit(x, x.map(([a, b]) => [a * b]), { epochs: ${epochs}, batchSize: 8, callbacks: [where], verbose: 0 });
await model.save('model.onnx');
${rest}`;

const weightsOf = async (file: string): Promise<unknown> => {
  const { weights } = await decodeArtifact(readFileSync(file), file);
  return Object.entries(weights).map(([name, { data }]) => [name, [...(data as Float32Array)]]);
};

describe('a training that is killed', () => {
  it('is lost, goes on in its run, and has lost no point of before its checkpoint', async () => {
    const whole = place('whole', script(6));
    expect((await stratus(['train', 'train.ts', '--no-run'], { cwd: whole })).code).toBe(0);
    expect(readdirSync(join(whole, '.stratus'))).toEqual([]);

    const cwd = place('killed', script(6));
    const run = start(['train', 'train.ts'], { cwd, env: { HOLD: '70' } });
    const [, key = ''] = await run.until(/^Run (\w+)$/m);
    await run.until(/at 70\./);
    run.kill('SIGKILL');
    await run.ended;
    const before = await inPlace(cwd, ({ store }) => store.metrics.history(key, 'step/loss'));
    expect(before.length).toBeGreaterThanOrEqual(60); // the checkpoint of the third epoch waited for them
    expect((await stratus(['runs', 'ls'], { cwd })).stdout).toMatch(new RegExp(`^${key} +train +lost`, 'm'));

    const resumed = start(['train', 'train.ts', '--resume'], { cwd, env: { HOLD: '90' } });
    await resumed.until(new RegExp(`Run ${key}`));
    await resumed.until(/at 90\./);
    expect((await stratus(['runs', 'ls', '--status', 'running'], { cwd })).stdout).toContain(key);
    writeFileSync(join(cwd, 'go'), '');
    const { code, stderr } = await resumed.ended;
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(`stratus runs show ${key}`) as string });

    await inPlace(cwd, async ({ store, blobs }) => {
      const all = await store.runs.list();
      expect(all.map((one) => [one.key, one.status])).toEqual([[key, 'finished']]);
      const curve = await store.metrics.curve(key, 'step/loss', { points: 10_000 });
      expect(curve.map(({ step }) => step)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
      // Every point that had been acknowledged is there, and a step that was taken again gave the same loss, to the bit.
      for (const { step, value } of before) expect(curve[step - 1]!.value).toBe(value);
      expect((await store.metrics.curve(key, 'loss')).map(({ step }) => step)).toEqual([20, 40, 60, 80, 100, 120]);
      const [model] = await store.artifacts.list(key);
      expect(Buffer.from(await blobs.read(model!.digest))).toEqual(readFileSync(join(cwd, 'model.onnx')));
    });
    expect(await weightsOf(join(cwd, 'model.onnx'))).toEqual(await weightsOf(join(whole, 'model.onnx')));
  }, 180_000);
});

describe('a training', () => {
  it('that is stopped or fails says so', async () => {
    const cwd = place('ends', script(1e6, ''));
    const stopped = start(['train', 'train.ts'], { cwd, env: { STRATUS_RUN: 'stopped-1' } });
    await stopped.until(/at 30\./);
    stopped.kill('SIGINT');
    expect((await stopped.ended).code).toBe(130);
    writeFileSync(join(cwd, 'wrong.ts'), script(1, "throw new TypeError('after all');"));
    expect((await stratus(['train', 'wrong.ts'], { cwd, env: { STRATUS_RUN: 'wrong-1' } })).code).toBe(1);
    await inPlace(cwd, async ({ store }) => {
      expect((await store.runs.get('stopped-1')).status).toBe('stopped');
      expect(await store.runs.get('wrong-1')).toMatchObject({
        status: 'failed',
        error: expect.stringMatching(/TypeError: after all\n {2}at wrong\.ts:\d+/) as string,
      });
    });
  }, 180_000);

  it('takes parameters and a key from around it, and knows its code', async () => {
    const cwd = place('given', script(1));
    const git = (...args: string[]): Buffer =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
        cwd,
        env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
      });
    git('init', '-q', '-b', 'trunk');
    git('add', 'train.ts');
    git('commit', '-qm', 'first');
    writeFileSync(join(cwd, 'train.ts'), `${script(1)}// changed\n`);
    const env = { STRATUS_RUN: 'trial-1', STRATUS_PARAMS: '{"learningRate": 0.5, "kind": "a"}' };
    const { code, stdout } = await stratus(['train', 'train.ts', '--json'], { cwd, env });
    expect(code).toBe(0);
    expect(events(stdout).find(({ type }) => type === 'run')).toEqual({ type: 'run', key: 'trial-1' });
    await inPlace(cwd, async ({ store, blobs }) => {
      const run = await store.runs.get('trial-1');
      expect(run.params).toMatchObject({ learningRate: 0.5, kind: 'a', 'optimizer.learningRate': 0.5, epochs: 1, batchSize: 8 });
      expect(run.code).toMatchObject({
        commit: git('rev-parse', 'HEAD').toString().trim(),
        branch: 'trunk',
        changed: true,
        script: 'train.ts',
      });
      const changes = (await store.artifacts.list('trial-1')).find(({ path }) => path === 'code/changes.diff')!;
      expect(new TextDecoder().decode(await blobs.read(changes.digest))).toContain('+// changed');
    });
    const wrong = await stratus(['train', 'train.ts'], { cwd, env: { STRATUS_PARAMS: '{"a":' } });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('STRATUS_PARAMS') as string });
  }, 180_000);

  it('goes on when its store cannot be opened, and what it had to say can be stored later', async () => {
    const cwd = place('away', script(2));
    writeFileSync(join(cwd, 'taken'), 'a file where a folder is wanted');
    const { code, stderr, stdout } = await stratus(['train', 'train.ts', '--store', 'taken/store.db'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('at 40.');
    expect(stderr.match(/cannot be stored for now/g)).toHaveLength(1);
    const [, file = ''] = /stratus runs recover (\S+)/.exec(stderr)!;
    const back = await stratus(['runs', 'recover', file], { cwd });
    expect(back.stdout).toMatch(/^Stored \d+ points of \w+\./);
    expect(existsSync(join(cwd, file))).toBe(false);
    await inPlace(cwd, async ({ store }) => {
      const [run] = await store.runs.list();
      expect(run!.status).toBe('finished');
      expect(run!.metrics['step/loss']!.points).toBe(40);
      expect((await store.artifacts.list(run!.key)).map(({ path }) => path)).toContain('model.onnx');
    });
  }, 180_000);
});

describe('stratus runs', () => {
  const cwd = join(folder, 'many');
  const runs = (...args: string[]) => stratus(['runs', ...args], { cwd });
  beforeAll(async () => {
    mkdirSync(join(cwd, '.stratus'), { recursive: true });
    await inPlace(cwd, async ({ store }) => {
      for (const [i, key] of ['abc1', 'abd2', 'xyz3'].entries()) {
        await store.runs.create({
          key,
          name: `net ${i}`,
          params: { rate: 0.1 * (i + 1), layers: 3 },
          tags: { team: i === 2 ? 'b' : 'a' },
        });
        const points = Array.from({ length: 50 }, (_, step) => [
          { name: 'loss', step, value: (i + 1) / (step + 1) },
          { name: 'valLoss', step, value: (i + 2) / (step + 1) },
        ]).flat();
        await store.metrics.append(key, points);
        await store.logs.append(key, 'stdout', `hello of ${key}\n`);
        if (i < 2) await store.runs.finish(key, i === 0 ? 'finished' : 'failed', i === 0 ? undefined : 'no more memory');
      }
      await store.runs.create({ key: 'part', parent: 'abc1' });
      await store.runs.finish('part', 'finished');
      await store.models.register('net', { digest: `sha256:${'1'.repeat(64)}`, bytes: 1, run: 'abd2' });
    });
  });
  const keys = (text: string): string[] => (JSON.parse(text) as { key: string }[]).map(({ key }) => key);

  it('ls filters and sorts', async () => {
    const listed = async (...args: string[]) => keys((await runs('ls', '--json', ...args)).stdout);
    expect(await listed()).toEqual(['part', 'xyz3', 'abd2', 'abc1']);
    expect(await listed('--where', 'loss<=0.04', '--sort', 'loss:max')).toEqual(['abd2', 'abc1']);
    expect(await listed('--status', 'failed')).toEqual(['abd2']);
    expect(await listed('--tag', 'team=b')).toEqual(['xyz3']);
    expect(await listed('--param', 'layers=3', '--sort', 'param:rate', '--reverse', '--limit', '2')).toEqual(['xyz3', 'abd2']);
    expect(await listed('--parent', 'abc')).toEqual(['part']);
    const { stdout } = await runs('ls', '--top', '--sort', 'loss');
    expect(stdout).toMatch(
      /^KEY +NAME +STATUS +BEGAN +TOOK +loss +valLoss\nabc1 +net 0 +finished .*0\.02 +0\.04\nabd2 +net 1 +failed/,
    );
    for (const wrong of [
      ['--where', 'loss'],
      ['--status', 'odd'],
      ['--tag', 'x'],
    ])
      expect((await runs('ls', ...wrong)).code).toBe(2);
  }, 180_000);

  it('show and compare say what is known, and draw it', async () => {
    const shown = (await runs('show', 'abd')).stdout;
    for (const text of [
      /^abd2 {2}net 1 {2}failed$/m,
      /no more memory/,
      /rate +0\.2/,
      /loss +0\.04 +49/,
      /loss, valLoss\n/,
      /[\u2801-\u28ff]/,
    ])
      expect(shown).toMatch(text);
    const compared = (await runs('compare', 'abc1', 'xyz3')).stdout;
    expect(compared).toMatch(/^\* {2}rate +0\.1 +0\.3$/m);
    expect(compared).toMatch(/^ {3}layers +3 +3$/m);
    expect(compared).toMatch(/valLoss of 2 runs/);
    expect((await runs('compare', 'abc1', 'xyz3', '--differences')).stdout).not.toContain('layers');
    const drawn = await runs(
      'compare',
      'abc1',
      'abd2',
      'xyz3',
      '--metric',
      'loss',
      '--log',
      '--plot',
      'curves.png',
      '--csv',
      'table.csv',
    );
    expect(drawn).toMatchObject({ code: 0, stderr: 'Written: curves.png, table.csv\n' });
    const picture = await sharp(join(cwd, 'curves.png')).metadata();
    expect([picture.width, picture.height]).toEqual([1600, 840]);
    expect(readFileSync(join(cwd, 'table.csv'), 'utf8')).toMatch(/^parameter,rate,0\.1,0\.2,0\.3/m);
    expect((await runs('show', 'abc1', '--csv', 'points.csv')).code).toBe(0);
    expect(readFileSync(join(cwd, 'points.csv'), 'utf8').split('\n')).toHaveLength(102);
    await runs('show', 'abc1', '--plot', 'curves.svg');
    expect(readFileSync(join(cwd, 'curves.svg'), 'utf8')).toMatch(/^<svg .*prefers-color-scheme/s);
    expect((await runs('compare', 'abc1', 'xyz3', '--plot', 'curves.pdf')).code).toBe(2);
    expect((await runs('show', 'abc1', '--metric', 'lss')).stderr).toContain("Did you mean 'loss'?");
  }, 180_000);

  it('logs, and what is wrong with a key', async () => {
    expect((await runs('logs', 'abc', '-f')).stdout).toBe('hello of abc1\n');
    const unclear = await runs('show', 'ab');
    expect(unclear).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Several runs begin with 'ab': abd2, abc1.") as string,
    });
    expect(await runs('show', 'abx1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Did you mean 'abc1'?") as string,
    });
    expect((await runs('compare', 'abc1')).code).toBe(2);
  }, 180_000);

  it('rm asks, and refuses what something came of', async () => {
    expect(await runs('rm', 'abc1')).toMatchObject({ code: 2, stderr: expect.stringContaining('Say -y') as string });
    expect(await runs('rm', 'abd2', '-y')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("version 1 of the model 'net'") as string,
    });
    expect(await runs('rm', 'abc1', '-y')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is the parent of the run 'part'") as string,
    });
    expect(await runs('rm', 'abc1', '-y', '--with-parts', '--json')).toMatchObject({
      code: 0,
      stdout: '{"removed":["part","abc1"]}\n',
    });
    await inPlace(cwd, ({ store }) => store.runs.seen('xyz3')); // a run that was silent for long is lost, and may be removed
    expect(await runs('rm', 'xyz3', '-y')).toMatchObject({ code: 1, stderr: expect.stringContaining('is running') as string });
    expect(keys((await runs('ls', '--json')).stdout)).toEqual(['xyz3', 'abd2']);
  }, 180_000);
});
