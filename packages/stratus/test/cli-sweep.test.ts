// Sweeps as people run them: every trial is a process that trains a small network under `stratus train`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeArtifact } from '@stratus/core';
import { afterAll, expect, it } from 'vitest';
import { diskBlobs } from '../src/blobs/index.ts';
import { openStore } from '../src/store/index.ts';
import { readSweep } from '../src/sweeps/index.ts';
import { isAlive } from '../src/sweeps/process.ts';
import { events, start, stratus } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-cli-sweep-'));
mkdirSync(join(folder, '.stratus'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = `
import { dense, input, parameters, sequential, sgd, tensor } from 'stratus';
const { learningRate, units, mode } = parameters({ learningRate: 0.01, units: 4, mode: 'train' as 'train' | 'crash' | 'silent' | 'wait' });
if (mode === 'crash') throw new Error('the disk is full');
if (mode === 'wait') {
  process.on('SIGTERM', () => process.exit(143));
  await new Promise((done) => setTimeout(done, 600_000));
}
if (mode === 'train') {
  const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]], { dtype: 'float32' });
  const y = tensor([[0], [1], [1], [0]], { dtype: 'float32' });
  const model = sequential([input({ shape: [2] }), dense({ units, activation: 'tanh' }), dense({ units: 1 })], { seed: 1 });
  model.compile({ optimizer: sgd({ learningRate }), loss: 'meanSquaredError' });
  await model.fit(x, y, { epochs: 4, batchSize: 4 });
}
`;
writeFileSync(join(folder, 'train.ts'), train);
const definition = (space: object, more: object = {}): string => JSON.stringify({ name: 'xor', metric: 'loss', space, ...more });
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

const open = () => openStore(join(folder, '.stratus', 'store.db'));
const minutes = 60_000;

it(
  'runs trials as processes, shows what failed, and registers the best model',
  async () => {
    const sweepFile = file(
      'sweep.json',
      definition(
        { learningRate: { logUniform: [1e-4, 0.5] }, units: { int: [2, 8] }, mode: { choice: ['train', 'crash', 'silent'] } },
        { search: { grid: { levels: { learningRate: 2, units: 1 } } } },
      ),
    );
    const ran = await stratus(['sweep', 'run', sweepFile, 'train.ts', '--parallel', '2', '--json'], { cwd: folder });
    expect(ran.code, ran.stderr).toBe(0);
    const said = events(ran.stdout);
    expect(said.at(-1)).toMatchObject({ type: 'done', name: 'xor', trials: 6 });
    const store = await open();
    const { best, trialRuns } = await readSweep(store, 'xor');
    const by = (mode: string) => trialRuns.filter(({ parameters }) => parameters['mode'] === mode);
    expect(by('train').map(({ status }) => status)).toEqual(['finished', 'finished']);
    expect(by('train').map(({ latest }) => latest!.step)).toEqual([4, 4]); // four epochs of one update
    expect(by('crash').map(({ status, error }) => [status, error!.includes('the disk is full')])).toEqual([
      ['failed', true],
      ['failed', true],
    ]);
    expect(
      by('silent').every(
        ({ status, error }) => status === 'failed' && error!.includes("without a single point of the metric 'loss'"),
      ),
    ).toBe(true);
    expect(best!.value).toBe(Math.min(...by('train').map(({ value }) => value!)));

    const registered = await stratus(['sweep', 'best', 'xor', '--register', 'xor-net', '--json'], { cwd: folder });
    expect(registered.code, registered.stderr).toBe(0);
    const version = await store.models.version('xor-net', 1);
    expect(version.run).toBe(best!.key);
    expect(version.metrics['loss']).toBe(best!.value);
    const bytes = await diskBlobs(join(folder, '.stratus', 'blobs')).read(version.digest);
    expect((await decodeArtifact(bytes)).manifest!.signature.inputs[0]!.shape.at(-1)).toBe(2);

    const shown = await stratus(['sweep', 'show', 'xor'], { cwd: folder });
    expect(shown.stdout).toContain('6 of 6 trials: 2 done, 4 failed');
    expect(shown.stdout).toContain('the disk is full');
    expect(shown.stdout).toContain('★');
    const few = await stratus(['sweep', 'importance', 'xor'], { cwd: folder });
    expect([few.code, few.stderr.includes('2 finished trials')]).toEqual([1, true]);
    const unknown = await stratus(['sweep', 'show', 'xro'], { cwd: folder });
    expect([unknown.code, unknown.stderr.includes("Did you mean 'xor'?")]).toEqual([2, true]);
    await store.close();
  },
  6 * minutes,
);

it(
  'killed with -9, it leaves no trial running, and goes on where it was',
  async () => {
    const sweepFile = file(
      'wait.json',
      definition({ mode: { choice: ['silent', 'wait', 'train'] } }, { name: 'wait', search: 'grid' }),
    );
    const killed = start(['sweep', 'run', sweepFile, 'train.ts', '--json'], { cwd: folder });
    await killed.until(/"number":2,"status":"running"/);
    const store = await open();
    const waiting = async () => (await readSweep(store, 'wait')).trialRuns.find(({ number }) => number === 2);
    const process_ = async (): Promise<string | undefined> => {
      const trial = await waiting();
      return trial === undefined ? undefined : (await store.runs.get(trial.key)).tags['sweep.process'];
    };
    let identity: string | undefined;
    while (identity === undefined) identity = await process_();
    killed.kill('SIGKILL');
    await killed.ended;
    while (isAlive(identity, false)) await new Promise((done) => setTimeout(done, 50));
    expect((await readSweep(store, 'wait')).status).toBe('interrupted');

    writeFileSync(join(folder, 'train.ts'), train.replace('600_000', '1'));
    const ran = await stratus(['sweep', 'run', sweepFile, 'train.ts', '--resume', '--json'], { cwd: folder });
    writeFileSync(join(folder, 'train.ts'), train);
    expect(ran.code, ran.stderr).toBe(0);
    const { trialRuns, status } = await readSweep(store, 'wait');
    expect(status).toBe('finished');
    expect(trialRuns.map(({ number, attempts }) => [number, attempts])).toEqual([
      [1, 1],
      [2, 2],
      [3, 1],
    ]);
    expect(trialRuns[2]!.status).toBe('finished');
    await store.close();
  },
  6 * minutes,
);

it(
  'is refused with a sentence and exit code 2',
  async () => {
    const sweepFile = file('plain.json', definition({ learningRate: { uniform: [0, 1] } }));
    const refused = async (args: readonly string[]): Promise<string> => {
      const { code, stderr } = await stratus(['sweep', 'run', ...args], { cwd: folder });
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await refused([sweepFile, 'train.ts', '--search', 'tep'])).toContain("Did you mean 'tpe'?");
    expect(await refused([file('none.ts', 'export const x = 1;\n'), 'train.ts'])).toContain('export default defineSweep');
    expect(await refused([sweepFile, 'missing.ts'])).toContain('missing.ts was not found');
  },
  3 * minutes,
);
