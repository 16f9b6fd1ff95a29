// `stratus train`: scripts run as they are, can be stopped and killed at any moment, and go on as if nothing had happened.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeArtifact, type Manifest } from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { events, start, stratus } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-cli-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with a script in it. */
const place = (name: string, script: string, others: Readonly<Record<string, string>> = {}): string => {
  const cwd = join(folder, name);
  mkdirSync(cwd, { recursive: true });
  for (const [file, text] of Object.entries({ 'train.ts': script, ...others })) writeFileSync(join(cwd, file), text);
  return cwd;
};

/** Long enough to be stopped within: 3 epochs of 100 steps with dropout, which says where it is. */
const digits = `
import { adam, dense, dropout, flatten, input, mnist, rescaling, sequential, type Callback } from 'stratus';
const { train } = await mnist();
const data = train.take(3200);
const model = sequential([
  input({ shape: [28, 28], dtype: 'uint8', name: 'image' }),
  rescaling({ scale: 1 / 255 }),
  flatten(),
  dense({ units: 256, activation: 'relu' }),
  dropout({ rate: 0.3 }),
  dense({ units: 10, activation: 'softmax', name: 'digit' }),
]);
model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
const where: Callback = { onBatchEnd: (run) => console.log('at epoch ' + run.epoch + ', batch ' + run.batch + '.') };
await model.fit(data.image, data.label, { epochs: 3, batchSize: 32, callbacks: [where], validationData: [train.image.rows(3200, 3400), train.label.rows(3200, 3400)] });
await model.save(process.argv[2]!);
`;

/** Two points, one step an epoch. */
const small = (rest: string): string => `
import { dense, input, sequential, sgd } from 'stratus';
const model = sequential([input({ shape: [2] }), dense({ units: 1 })]).compile({ optimizer: sgd(), loss: 'meanSquaredError' });
${rest}
`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const ansi = /[\u001B\r]/;

interface Saved {
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly training: Manifest['training'];
}

const saved = async (path: string): Promise<Saved> => {
  const { weights, manifest } = await decodeArtifact(readFileSync(path), path);
  const numbers = Object.entries(weights).map(([name, { data }]) => [name, [...(data as Float32Array)]] as const);
  return { weights: Object.fromEntries(numbers), training: manifest.training };
};

/** What the checkpoint that LATEST names says about where it is. */
const latest = (checkpoints: string): { epoch: number; batch: number } => {
  const name = readFileSync(join(checkpoints, 'LATEST'), 'utf8').trim();
  return JSON.parse(readFileSync(join(checkpoints, name, 'trainer.json'), 'utf8')) as { epoch: number; batch: number };
};

describe('a training', () => {
  let cwd = '';
  let whole: Saved;
  beforeAll(async () => {
    cwd = place('digits', digits);
    const began = performance.now();
    const run = start(['train', 'train.ts', '--checkpoint', 'whole', '--', 'whole.onnx'], { cwd });
    const { code, stderr, stdout } = await run.ended;
    expect(stderr).toContain('Done in');
    expect(code).toBe(0);
    expect(stdout).toContain('at epoch 2, batch 100.');
    whole = await saved(join(cwd, 'whole.onnx'));

    // Its progress, in a log: at most one line a second between the lines of epochs, and no control characters.
    const steps = run.arrivals.filter(({ line }) => /^Epoch \d\/3 {2} *\d+\/100 {2}loss/.test(line));
    expect(steps.length).toBeLessThanOrEqual((performance.now() - began) / 1000);
    expect(
      run.arrivals.filter(({ line }) => /^Epoch \d\/3 {2}loss .* valAccuracy 0\.\d{4} {2}\d+\.\d s$/.test(line)),
    ).toHaveLength(3);
    expect(stderr).not.toMatch(ansi);
  }, 60_000);

  it('that is stopped by Ctrl-C in mid-epoch goes on bit for bit', async () => {
    const [checkpoints, out] = ['stopped', 'stopped.onnx'];
    const run = start(['train', 'train.ts', '--checkpoint', checkpoints, '--', out], { cwd });
    await run.until(/at epoch 1, batch 40\./);
    run.kill('SIGINT');
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`Stopped. Resume with: stratus train train.ts --checkpoint ${checkpoints} --resume -- ${out}\n`);
    const { epoch, batch } = latest(join(cwd, checkpoints));
    expect(epoch).toBe(1);
    expect(batch).toBeGreaterThanOrEqual(40);
    expect(batch).toBeLessThan(100);
    expect(existsSync(join(cwd, out))).toBe(false);

    const resumed = await stratus(['train', 'train.ts', '--checkpoint', checkpoints, '--resume', '--', out], { cwd });
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`Resumed at epoch 2/3, batch ${String(batch)}/100.`);
    expect(resumed.stdout).not.toContain(`at epoch 1, batch ${batch}.`);
    const again = await saved(join(cwd, out));
    expect(again.weights).toEqual(whole.weights);
    expect(again.training).toEqual(whole.training);
  });

  it('that is killed goes on from its last checkpoint', async () => {
    const run = start(['train', 'train.ts', '--checkpoint', 'killed', '--', 'killed.onnx'], { cwd });
    await run.until(/at epoch 2, batch 20\./);
    run.kill('SIGKILL');
    expect((await run.ended).signal).toBe('SIGKILL');
    const resumed = await stratus(['train', 'train.ts', '--checkpoint', 'killed', '--resume', '--', 'killed.onnx'], { cwd });
    expect(resumed.stderr).toContain('Resumed at epoch 3/3.');
    expect((await saved(join(cwd, 'killed.onnx'))).weights).toEqual(whole.weights);
  });

  it('quits at once at a second Ctrl-C', async () => {
    const run = start(['train', 'train.ts', '--checkpoint', 'twice', '--', 'twice.onnx'], {
      cwd: place(
        'stubborn',
        small(
          'process.stdout.write("begin\\n"); await model.fit([[0, 1]], [[1]], { epochs: 1, callbacks: [{ onBatchEnd: () => new Promise((go) => setTimeout(go, 1e6)) }] });',
        ),
      ),
    });
    await run.until(/begin/);
    // No step ever ends: the first one waits for it, and what follows at once is the terminal's echo.
    const again = setInterval(() => run.kill('SIGINT'), 100);
    const { code } = await run.ended;
    clearInterval(again);
    expect(code).toBe(130);
  });
});

describe('any training', () => {
  const endless = small(
    "await model.fit([[0, 1]], [[1]], { epochs: 1e6, validationData: [[[0, 1]], [[1]]], callbacks: [{ onEpochEnd: (run) => console.log('epoch ' + run.epoch + '.') }] });",
  );

  it('is stopped by a terminal that is closed as well, and makes room with exit code 75', async () => {
    for (const [signal, exit] of [
      ['SIGTERM', 75],
      ['SIGUSR1', 75],
      ['SIGHUP', 129],
    ] as const) {
      const cwd = place(signal, endless);
      const run = start(['train', 'train.ts'], { cwd });
      await run.until(/epoch 1\./);
      run.kill(signal);
      const { code, stderr } = await run.ended;
      expect({ code, stderr }).toEqual({
        code: exit,
        stderr: expect.stringMatching(/Stopped\. Resume with: stratus train train\.ts --resume\n$/) as string,
      });
      expect(latest(join(cwd, 'checkpoints')).epoch).toBeGreaterThan(1);
    }
  });

  it('answers in JSON', async () => {
    const cwd = place('json', endless);
    const { code, stdout, stderr } = await stratus(['train', 'train.ts', '--json', '--epochs', '2'], { cwd });
    expect(code).toBe(0);
    const found = events(stdout);
    expect(found.map(({ type }) => type).filter((type) => type !== 'step')).toEqual([
      'begin',
      'run',
      'epoch',
      'epoch',
      'end',
      'done',
    ]);
    expect(found[0]).toEqual({ type: 'begin', epoch: 1, epochs: 2, batch: 0, batches: 1, step: 0 });
    expect(found[1]).toEqual({ type: 'run', key: expect.stringMatching(/^[a-z0-9]{12}$/) as string });
    expect(found.findLast(({ type }) => type === 'epoch')).toMatchObject({
      epoch: 2,
      epochs: 2,
      step: 2,
      logs: { loss: expect.any(Number) as number, valLoss: expect.any(Number) as number },
    });
    expect(stderr).toBe('epoch 0.\nepoch 1.\n'); // what the script prints is no JSON
    const stopped = start(['train', 'train.ts', '--json', '--checkpoint', 'a b'], { cwd });
    await stopped.until(/epoch 1\./);
    stopped.kill('SIGINT');
    const end = await stopped.ended;
    expect(end.code).toBe(130);
    expect(events(end.stdout).at(-1)).toEqual({
      type: 'stopped',
      signal: 'SIGINT',
      resume: "stratus train train.ts --checkpoint 'a b' --resume",
    });
  });
});

describe('checkpoints', () => {
  const two = small(`
for (const target of [1, 2]) {
  const { epochs } = await model.fit([[0, 1]], [[target]], { epochs: 2 });
  console.log('fit', target, epochs);
}`);

  it('are in a folder for each fit of the script', async () => {
    const cwd = place('fits', two);
    expect((await stratus(['train', 'train.ts'], { cwd })).code).toBe(0);
    expect(readdirSync(join(cwd, 'checkpoints'))).toEqual(['LATEST', 'fit-2', 'step-00000001', 'step-00000002']);
    const resumed = await stratus(['train', 'train.ts', '--resume'], { cwd });
    expect(resumed).toMatchObject({ code: 0, stdout: 'fit 1 2\nfit 2 2\n' });
    expect(resumed.stderr.match(/Nothing is left to train: all 2 epochs are done/g)).toHaveLength(2);
    const longer = await stratus(['train', 'train.ts', '--resume', '--epochs', '3'], { cwd });
    expect(longer.stderr).toContain('Resumed at epoch 3/3.');
    expect(longer.stdout).toBe('fit 1 3\nfit 2 3\n');
  });

  it('of an earlier training are neither resumed from nor lost', async () => {
    const cwd = place('anew', two);
    await stratus(['train', 'train.ts'], { cwd });
    const { stderr } = await stratus(['train', 'train.ts', '--epochs', '1'], { cwd });
    expect(stderr).toContain('The checkpoints of an earlier training are now in checkpoints/previous.');
    expect(readdirSync(join(cwd, 'checkpoints/previous'))).toEqual(['LATEST', 'fit-2', 'step-00000001', 'step-00000002']);
    expect(readdirSync(join(cwd, 'checkpoints'))).toEqual(['LATEST', 'fit-2', 'previous', 'step-00000001']);
    const back = await stratus(['train', 'train.ts', '--resume', '--checkpoint', 'checkpoints/previous'], { cwd });
    expect(back.stderr).toContain('Nothing is left to train');
  });

  it('that are missing are said to be', async () => {
    const { code, stderr } = await stratus(['train', 'train.ts', '--resume', '--checkpoint', 'nowhere'], {
      cwd: place('missing', two),
    });
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('There is no checkpoint in nowhere: training begins at its beginning.') as string,
    });
  });
});

describe('a script', () => {
  const run = async (name: string, script: string, others: Readonly<Record<string, string>> = {}, args: readonly string[] = []) =>
    stratus(['train', 'train.ts', ...args], { cwd: place(name, script, others) });

  it('is TypeScript, of several files, with arguments', async () => {
    const script = `
import { pairs } from './data.ts';
import { twice } from './twice.js';
import type { Model } from 'stratus';
const arguments_: readonly string[] = process.argv.slice(2) satisfies string[];
console.log(pairs.map((pair: [number, number]) => twice(pair[0])), arguments_, process.argv[1]);
export const nothing: Model | undefined = undefined;
`;
    const others = {
      'data.ts': 'export const pairs: [number, number][] = [[1, 2], [3, 4]];\n',
      'twice.ts': 'export const twice = (x: number): number => 2 * x;\n',
      'package.json': '{ "type": "commonjs" }\n', // as npm init writes it; it is a module all the same
    };
    const { code, stdout, stderr } = await run('several', script, others, ['--', '--epochs', 'a']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `[ 2, 6 ] [ '--epochs', 'a' ] ${join(folder, 'several/train.ts')}\n` });
    expect(stderr).toContain('No training took place: the script never called fit().');
  });

  it('finds stratus in its own folder first', async () => {
    const others = { 'package.json': '{}' };
    const cwd = place('own', "import { name } from 'stratus';\nconsole.log(name);\n", others);
    mkdirSync(join(cwd, 'node_modules/stratus'), { recursive: true });
    writeFileSync(
      join(cwd, 'node_modules/stratus/package.json'),
      '{ "name": "stratus", "type": "module", "exports": "./index.js" }',
    );
    writeFileSync(join(cwd, 'node_modules/stratus/index.js'), "export const name = 'its own';\n");
    expect((await stratus(['train', 'train.ts'], { cwd })).stdout).toBe('its own\n');
  });

  it('shows no progress with --quiet or verbose: 0, and can be stopped all the same', async () => {
    const fit = (options: string): string => small(`await model.fit([[0, 1]], [[1]], { epochs: 2, ${options} });`);
    expect((await run('quiet', fit(''), {}, ['--quiet'])).stderr).toBe('');
    expect((await run('silent', fit('verbose: 0'))).stderr).toMatch(
      /^Run (\w+)\nDone in .* Checkpoints: checkpoints\nLook at the run: stratus runs show \1\n$/,
    );
    const cwd = place(
      'silent-stop',
      small(
        "await model.fit([[0, 1]], [[1]], { epochs: 1e6, verbose: 0, callbacks: [{ onEpochEnd: () => console.log('epoch') }] });",
      ),
    );
    const running = start(['train', 'train.ts'], { cwd });
    await running.until(/epoch/);
    running.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Stopped. Resume with:') as string });
  });

  it.each([
    [
      'enum',
      'const a = 1;\nenum Color { Red }\n',
      /^error: train\.ts:2(:1)?: TypeScript enum is not supported.*write a const object for an enum.*\n(.*\n)* {2}enum Color \{ Red \}\n {2}\^+\n$/,
    ],
    ['syntax', 'const a: number = 1;\nconst b: = 2;\n', /^error: train\.ts:2(:10)?: Unexpected token `=`/],
    [
      'throws',
      "const f = (): never => {\n  throw new RangeError('out');\n};\nf();\n",
      /^error: RangeError: out\n {2}at train\.ts:2:9 \(f\)\n {2}at train\.ts:4:1\n$/,
    ],
    ['text', "throw 'text';\n", /^error: The script threw text\n$/],
    [
      'package',
      "import 'no-such-package';\n",
      /^error: Cannot find package 'no-such-package' imported from .*train\.ts\. Is it installed\? npm install no-such-package\n$/,
    ],
    ['never', 'await new Promise(() => {});\n', /^error: train\.ts: got an await that never comes back.*\n$/],
    [
      'typo',
      "import { sequential, input, dense } from 'stratus';\nsequential([input({ shape: [1] }), dense({ units: 1 })]).compile({ optimizer: 'adm' as 'adam', loss: 'hinge' });\n",
      /^error: There is no optimizer named 'adm'\. Did you mean 'adam'\? .*\n {2}at train\.ts:2:58\n$/,
    ],
    ['not-awaited', small('void model.fit([[1, 2, 3]], [[1]]);'), /^error: .*got \[1, 3\], expected \[batch, 2\]/],
  ])('that is wrong is explained: %s', async (name, script, message) => {
    const { code, stderr, stdout } = await run(name, script);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('that is wrong is explained in JSON', async () => {
    const { code, stdout } = await run('wrong-json', "throw new RangeError('out');\n", {}, ['--json']);
    expect(code).toBe(1);
    expect(events(stdout)).toEqual([{ type: 'error', code: 'RangeError', message: 'RangeError: out', at: ['train.ts:1:7'] }]);
  });

  it('that diverges is told how to mend it', async () => {
    const script = small('await model.fit([[1e30, 1]], [[1]], { epochs: 3 });');
    const { code, stderr } = await run('not-finite', script);
    expect(code).toBe(1);
    expect(stderr).toMatch(/The loss became (Infinity|NaN) at step \d.* Lower the learning rate/);
  });

  it('that does not exist is said so', async () => {
    expect(await stratus(['train', 'nope.ts'], { cwd: folder })).toMatchObject({
      code: 1,
      stderr: `error: ${join(folder, 'nope.ts')} was not found. Check the path.\n`,
    });
    expect(await stratus(['train', '.'], { cwd: folder })).toMatchObject({ code: 2 });
  });
});
