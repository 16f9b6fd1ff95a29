// The command line, built and run as users run it.
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, exportGraph, graphInput, input, ops, sequential, sgd, tensor } from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readData } from '../src/cli/data.ts';
import { feedsOf, sampleOf } from '../src/cli/feeds.ts';
import { table } from '../src/cli/output.ts';
import { events, root, start, stratus } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers that are known: the class is the larger of two inputs. */
const x = [
  [1, 0],
  [0, 1],
  [3, 1],
  [0, 2],
];
const y = [0, 1, 0, 0];
let logits = '';
let plain = '';

beforeAll(async () => {
  const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 2, activation: 'softmax', name: 'side' })]);
  net.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', 'confusionMatrix'] });
  await net.fit(x, y, { epochs: 1, verbose: 0 });
  await net.setWeights({
    'side/kernel': tensor([
      [1, 0],
      [0, 1],
    ]),
    'side/bias': tensor([0, 0]),
  });
  logits = join(folder, 'side.onnx');
  await net.save(logits, { labels: ['left', 'right'] });
  await net.release();

  const a = graphInput('a', ['batch', 2], 'float32');
  const b = graphInput('b', ['batch', 2], 'int64');
  plain = join(folder, 'plain.onnx');
  writeFileSync(
    plain,
    exportGraph({ name: 'plain', inputs: [a, b], outputs: { sum: ops.add(a, ops.cast(b, 'float32')), twice: ops.mul(b, 2) } }),
  );
}, 60_000);

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const digestOf = (path: string): string => `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;

describe('stratus', () => {
  it('says its version, and what there is', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'packages/stratus/package.json'), 'utf8')) as { version: string };
    expect(await stratus(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await stratus(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['init', 'train', 'profile', 'evaluate', 'predict', 'deploy', 'doctor'])
      expect(help.stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    expect(help.stdout).toContain('Examples:\n  $ stratus init');
    expect(help.stdout).not.toContain('\u001B');
  });

  it.each(['init', 'train', 'profile', 'evaluate', 'predict', 'deploy', 'doctor'])(
    'explains %s, with examples',
    async (command) => {
      const { code, stdout } = await stratus([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('--json');
      expect(stdout).toContain(`Examples:\n  $ `);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    },
  );

  it.each([
    [['trian'], "error: unknown command 'trian'\n(Did you mean train?)"],
    [['train', 'a.ts', '--epoch', '3'], "error: unknown option '--epoch'\n(Did you mean --epochs?)"],
    [['profile', 'a.ts', '--stepz', '2'], "error: unknown option '--stepz'\n(Did you mean --steps?)"],
    [['train'], "error: missing required argument 'script'"],
    [['train', 'a.ts', '--epochs', 'three'], "argument 'three' is invalid. It must be a whole number of at least 1."],
    [['deploy', 'a.onnx', '--port', '70000'], "argument '70000' is invalid. It must be a whole number from 0 to 65535."],
    [['evaluate', 'a.onnx'], "error: required option '--data <name>' not specified"],
    [[], 'Usage: stratus'],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await stratus(args);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('refuses in JSON, too', async () => {
    const { code, stdout } = await stratus(['evaluate', 'a.onnx', '--json']);
    expect(code).toBe(2);
    expect(events(stdout)).toEqual([
      { type: 'error', code: 'usage', message: "error: required option '--data <name>' not specified" },
    ]);
  });
});

describe('stratus evaluate', () => {
  it('prints the figures, and a confusion matrix as a table', async () => {
    const { code, stdout, stderr } = await stratus(['evaluate', logits, '--data', file('data.json', { x, y })]);
    const rest =
      'confusionMatrix (rows: the truth, columns: the answer)\n       left  right\n left     2      1\nright     ·      1\n';
    expect(stdout).toMatch(/^loss {6}0\.\d{4}\naccuracy {2}0\.7500\n\n/);
    expect(stdout.slice(stdout.indexOf('confusionMatrix'))).toBe(rest);
    expect(stderr).toMatch(/^4 samples in \d/);
    expect(code).toBe(0);
  });

  it('answers in JSON', async () => {
    const { stdout, stderr } = await stratus([
      'evaluate',
      logits,
      '--data',
      file('data.json', { x, y }),
      '--batch-size',
      '3',
      '--json',
    ]);
    const loss =
      x.reduce((sum, row, i) => sum - Math.log(Math.exp(row[y[i]!]!) / (Math.exp(row[0]!) + Math.exp(row[1]!))), 0) / 4;
    expect(events(stdout)).toEqual([
      {
        model: logits,
        digest: digestOf(logits),
        data: join(folder, 'data.json'),
        dataDigest: expect.stringMatching(/^sha256:[\da-f]{64}$/) as string,
        split: 'test',
        samples: 4,
        seconds: expect.any(Number) as number,
        figures: {
          loss: expect.closeTo(loss, 5) as number,
          accuracy: 0.75,
          confusionMatrix: [
            [2, 1],
            [0, 1],
          ],
        },
      },
    ]);
    expect(stderr).toBe('');
  });

  it('warns of data that is scaled otherwise than in training', async () => {
    const { stderr } = await stratus(['evaluate', logits, '--data', file('far.json', { x: [[255, 0]], y: [0] })]);
    expect(stderr).toContain('Note: x goes from 0.0000 to 255.00, but the model was trained on 0.0000 to 3.0000.');
  });

  it.each([
    [['nope.onnx', '--data', 'mnist'], 1, /nope\.onnx was not found/],
    [['package.json', '--data', 'mnist'], 1, /package\.json is not an ONNX model that can be read/],
    [['SIDE', '--data', 'mnist'], 1, /got \[10000, 28, 28\], expected \[batch, 2\]/],
    [['SIDE', '--data', 'TEXT'], 2, /text\.json is not JSON/],
    [['SIDE', '--data', 'LABELS'], 1, /Labels of side must be whole numbers from 0 to 1 \(2 classes\), but 2/],
    [['PLAIN', '--data', 'mnist'], 1, /carries no Stratus manifest/],
  ])('explains what is wrong: %j', async (args, code, message) => {
    const names: Readonly<Record<string, string>> = {
      SIDE: logits,
      PLAIN: plain,
      TEXT: file('text.json', '{'),
      LABELS: file('labels.json', { x: [[0, 1]], y: [2] }),
    };
    const ended = await stratus(['evaluate', ...args.map((arg) => names[arg] ?? arg)]);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ code, stdout: '' });
  });

  it('explains what is wrong with --data', async () => {
    const told = (name: string, split = 'test'): Promise<unknown> => readData(name, split).catch((e: Error) => e.message);
    expect(await told('mnits')).toMatch(/There is no data set named 'mnits'\. Did you mean 'mnist'\?/);
    expect(await told('mnist', 'tset')).toMatch(/There is no part of mnist named 'tset'\. Did you mean 'test'\?/);
    expect(await told('nope.json')).toMatch(/nope\.json was not found/);
    expect(await told(file('list.json', [1]))).toMatch(/list\.json holds no data\. It must look like/);
    expect(await readData(file('data.json', { x, y }), 'test')).toEqual({ x, y });
  });
});

describe('stratus predict', () => {
  it('says the classes and how probable they are', async () => {
    const { code, stdout } = await stratus(['predict', logits, '--input', '[[0, 4]]']);
    expect(stdout).toBe('side float32 [1, 2]\n  right  98.20 %  ━━━━━━━━━━━━━━━━━━━━━━━━\n  left    1.80 %\n');
    expect(code).toBe(0);
    const many = await stratus(['predict', logits, '[[0, 4], [1, 0]]']);
    expect(many.stdout).toBe('side float32 [2, 2]\n  0  right  98.20 %\n  1  left   73.11 %\n');
  });

  it('takes a sample without a batch axis, a file and the standard input', async () => {
    const one = (await stratus(['predict', logits, '--input', '[0, 4]'])).stdout;
    expect(one).toContain('right  98.20 %');
    expect((await stratus(['predict', logits, '--input', `@${file('one.json', [0, 4])}`])).stdout).toBe(one);
    expect((await stratus(['predict', logits, '-'], { input: '{"x": [[0, 4]]}' })).stdout).toBe(one);
  });

  it('takes a sample of a data set, and says what it should be', async () => {
    const data = file('data.json', { x, y });
    const { stdout } = await stratus(['predict', logits, '--data', data, '--index', '3', '--json']);
    expect(events(stdout)).toEqual([
      {
        outputs: { side: [[expect.closeTo(0.1192, 4), expect.closeTo(0.8808, 4)]] },
        labels: {
          side: [
            [
              { label: 'right', probability: expect.closeTo(0.8808, 4) as number },
              { label: 'left', probability: expect.closeTo(0.1192, 4) as number },
            ],
          ],
        },
        expected: 0,
      },
    ]);
  });

  it('asks any ONNX model', async () => {
    const { stdout } = await stratus(['predict', plain, '--input', '{"a": [[0.5, 1], [1, 2]], "b": [[1, 2], [30, 4]]}']);
    expect(stdout).toBe('sum float32 [2, 2]\n  [1.5000, 3]\n  [31, 6]\ntwice int64 [2, 2]\n  [2, 4]\n  [60, 8]\n');
  });

  it.each([
    [['SIDE'], 2, /There is nothing to predict from\. Give --input or --data; the model takes x: float32 \[batch, 2\]/],
    [['SIDE', '--input', '[[1, 2, 3]]'], 1, /got \[1, 3\], expected \[batch, 2\]/],
    [['SIDE', '--input', '[[1, 2]]', '--data', 'mnist'], 2, /Both --input and --data/],
    [['nope.onnx', '--input', '1'], 1, /nope\.onnx was not found/],
    [['package.json', '--input', '1'], 1, /is not an ONNX model/],
  ])('explains what is wrong: %j', async (args, code, message) => {
    const ended = await stratus(['predict', ...args.map((arg) => (arg === 'SIDE' ? logits : arg))]);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ code, stdout: '' });
  });

  it('explains what is wrong with the numbers', () => {
    const one = [{ name: 'x', dtype: 'float32', dims: ['batch', 2] }] as const;
    const two = [...one, { name: 'b', dtype: 'uint8', dims: ['batch', 2] }] as const;
    expect(() => feedsOf(one, [['a', 2]])).toThrow(
      /input at x: got "a", expected float32 in nested lists of the shape \[batch, 2\]/,
    );
    expect(() => feedsOf(one, [[null, 2]])).toThrow(/got null/);
    expect(() => feedsOf(one, [[1, 2], [3]])).toThrow(/ragged/);
    expect(() => feedsOf(one, { z: [[1, 2]] })).toThrow(/There is no input named 'z'/);
    expect(() => feedsOf(two, [[1, 2]])).toThrow(
      /The model has 2 inputs\. Give them by name, x: float32 \[batch, 2\]; b: uint8 \[batch, 2\]/,
    );
    expect(() => feedsOf(two, { x: [[1, 2]] })).toThrow(/The input 'b' is missing/);
    for (const bad of [1.5, -1, 256, true])
      expect(() => feedsOf(two, { x: [[1, 2]], b: [[bad, 2]] })).toThrow(`input at b: got ${bad}, expected uint8`);
    expect(() => sampleOf(tensor([[1], [2]]), 2)).toThrow(/There is no sample 2: the data has 2\. --index goes from 0 to 1/);
  });

  it('takes data in other dtypes and shapes that mean the same', () => {
    const images = tensor(
      Uint8Array.from({ length: 12 }, (_, i) => 250 + (i % 6)),
      { shape: [3, 2, 2] },
    );
    const { x: flat } = feedsOf([{ name: 'x', dtype: 'float32', dims: ['batch', 4] }], images);
    expect([flat!.dtype, flat!.shape, [...(flat!.data as Float32Array)]]).toEqual([
      'float32',
      [3, 4],
      [250, 251, 252, 253, 254, 255, 250, 251, 252, 253, 254, 255],
    ]);
    expect(feedsOf([{ name: 'x', dtype: 'int64', dims: ['batch'] }], [7])['x']!.data).toEqual(BigInt64Array.of(7n));
    expect(sampleOf({ a: [1, 2], b: tensor([[3], [4]]) }, 1)).toMatchObject({
      a: [2],
      b: { shape: [1, 1], data: Float32Array.of(4) },
    });
  });
});

describe('stratus deploy', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('serves until %s', async (signal) => {
    const server = start(['deploy', logits, '--port', '0', '--name', 'sides']);
    const [, url] = await server.until(/Serving sides at (\S+)\n/);
    const [, command] = await server.until(/Try it:\n {2}curl -s '(\S+)' -d '.*'\n/);
    expect(command).toBe(`${url}/v2/models/sides/infer`);
    const response = await fetch(command!, {
      method: 'POST',
      body: JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [0, 4] }] }),
    });
    const { outputs } = (await response.json()) as { outputs: [{ data: number[] }] };
    expect(outputs[0].data[1]).toBeCloseTo(0.982, 3);
    server.kill(signal);
    expect(await server.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('Stopped.') as string });
  });

  it('answers in JSON', async () => {
    const server = start(['deploy', logits, '--port', '0', '--json']);
    await server.until(/\n/);
    server.kill('SIGTERM');
    const { code, stdout, stderr } = await server.ended;
    const [serving, stopped] = events(stdout);
    expect(serving).toEqual({
      type: 'serving',
      url: `http://127.0.0.1:${String(serving!['port'])}`,
      host: '127.0.0.1',
      port: expect.any(Number) as number,
      name: 'side',
    });
    expect(stopped).toEqual({ type: 'stopped' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('says that a port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await stratus(['deploy', logits, '--port', String(port)]);
    taken.close();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`Port ${port} on 127.0.0.1 is already in use. Choose another with --port`) as string,
    });
  });

  it('says that somebody has another key that counts', async () => {
    const file = join(folder, 'twice.json');
    const make = async () =>
      JSON.parse((await stratus(['keys', 'create', 'web', '--keys', file, '--json'])).stdout) as { id: string };
    const { id } = await make();
    const again = await stratus(['keys', 'create', 'web', '--keys', file]);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(`web has other keys that count: ${id}. `) as string });
    const { keys } = JSON.parse((await stratus(['keys', 'ls', '--keys', file, '--json'])).stdout) as { keys: { id: string }[] };
    for (const key of keys) expect((await stratus(['keys', 'revoke', key.id, '--keys', file])).code).toBe(0);
    expect((await stratus(['keys', 'create', 'web', '--keys', file])).stderr).not.toContain('other keys');
  });

  it('says that a model is not there, or none', async () => {
    expect(await stratus(['deploy', 'nope.onnx'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nope.onnx was not found') as string,
    });
    expect(await stratus(['deploy', 'digits'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/digits was not found\..*digits@production, digits:1/) as string,
    });
    expect(await stratus(['deploy', 'package.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not an ONNX model') as string,
    });
  });
});

describe('stratus doctor', () => {
  it('finds that training works here', async () => {
    const { code, stdout, stderr } = await stratus(['doctor']);
    expect(stderr).toBe('');
    for (const line of [
      '✓ Node ',
      '✓ ONNX Runtime ',
      'Memory ',
      '✓ Executor ',
      '✓ Matrix product ',
      '✓ Training step ',
      'WebGPU ',
      '✓ Working folder ',
    ])
      expect(stdout).toContain(line);
    expect(stdout).toMatch(/GFLOP\/s in float32/);
    expect(stdout.endsWith('Training works on this machine.\n')).toBe(true);
    expect(code).toBe(0);
  });

  it('finds that it does not, where the engine is missing', async () => {
    // An installation that lacks onnxruntime-node.
    const modules = join(folder, 'broken/node_modules');
    const own = join(root, 'node_modules');
    mkdirSync(join(modules, '@stratus'), { recursive: true });
    for (const [name, target] of [
      ['core', '@stratus/core'],
      ['stratus', 'stratus'],
    ] as const)
      for (const part of ['dist', 'package.json'])
        cpSync(join(root, 'packages', name, part), join(modules, target, part), { recursive: true });
    for (const name of readdirSync(own))
      if (!/^(@stratus|stratus|onnxruntime.*|\..*)$/.test(name)) symlinkSync(join(own, name), join(modules, name));
    const { code, stdout } = await stratus(['doctor', '--json'], {
      program: join(modules, 'stratus/dist/cli/main.js'),
      cwd: folder,
    });
    const [{ works, findings }] = events(stdout) as [{ works: boolean; findings: { name: string; status: string }[] }];
    expect(works).toBe(false);
    expect(findings.filter(({ status }) => status === 'failure').map(({ name }) => name)).toEqual(['ONNX Runtime', 'Executor']);
    expect(code).toBe(1);
  });
});

describe('stratus init', () => {
  const path = (): string => join(folder, 'My Digits');

  it('writes a project that runs as it is', async () => {
    const { code, stdout } = await stratus(['init', 'My Digits'], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain("Next:\n  cd 'My Digits'\n  npm install\n  npm run train\n  npm run deploy\n");
    expect(readdirSync(path()).sort()).toEqual([
      '.gitignore',
      '.npmrc',
      'README.md',
      'package.json',
      'train.ts',
      'tsconfig.json',
    ]);
    expect(JSON.parse(readFileSync(join(path(), 'package.json'), 'utf8'))).toMatchObject({ name: 'my-digits', type: 'module' });
    expect(readFileSync(join(path(), 'train.ts'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(30);

    symlinkSync(join(root, 'node_modules'), join(path(), 'node_modules'));
    const checked = await stratus(['-p', '.'], { cwd: path(), program: join(root, 'node_modules/typescript/bin/tsc') });
    expect(checked).toMatchObject({ code: 0, stdout: '' });
    const trained = await stratus(['train', 'train.ts', '--epochs', '1'], { cwd: path() });
    expect(trained.stderr).toMatch(/^Epoch 1\/1 {2}loss 0\.\d+ {2}accuracy 0\.\d+ {2}valLoss 0\.\d+ {2}valAccuracy 0\.9\d+ /m);
    expect(trained).toMatchObject({ code: 0, stdout: 'Saved model.onnx. Next: npm run predict, or npm run deploy\n' });
    const predicted = await stratus(['predict', 'model.onnx', '--data', 'mnist', '--index', '0'], { cwd: path() });
    expect(predicted.stdout).toMatch(/^digit float32 \[1, 10\]\n {2}7 {2}.*\n(.*\n)*The data says 7\.\n$/);
    const evaluated = await stratus(['evaluate', 'model.onnx', '--data', 'mnist', '--json'], { cwd: path() });
    const { figures } = events(evaluated.stdout)[0] as { figures: { accuracy: number } };
    expect(figures.accuracy).toBeGreaterThan(0.9);
  }, 120_000);

  it.each([
    [
      'tabular',
      'flowers.csv',
      '40',
      0.85,
      /Saved model.onnx: it takes records/,
      ['--input', '{"petal_length":null,"petal_width":3.1,"colour":"red","found":"2026-04-02"}'],
      'tulip',
    ],
    ['text', 'reviews.jsonl', '15', 0.9, /it takes texts/, ['The plot is brilliant and the music is moving.'], 'good'],
    ['image', 'shapes', '9', 0.5, /it takes photos/, ['@shapes/circle/7.png'], 'circle'],
  ] as const)(
    'writes a project for %s that runs as it is, and on other data with no change but the path',
    async (template, data, epochs, least, saved, asked, label) => {
      const cwd = join(folder, template);
      expect(await stratus(['init', template, '--template', template], { cwd: folder })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(data) as string,
      });
      symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
      const checked = await stratus(['-p', '.'], { cwd, program: join(root, 'node_modules/typescript/bin/tsc') });
      expect(checked).toMatchObject({ code: 0, stdout: '' });
      renameSync(join(cwd, data), join(cwd, `my ${data}`)); // the user's own
      const trained = await stratus(['train', 'train.ts', '--json', '--epochs', epochs, '--', `my ${data}`], { cwd });
      expect(trained).toMatchObject({ code: 0, stderr: expect.stringMatching(saved) as string });
      const ends = events(trained.stdout).filter(({ type }) => type === 'epoch') as { logs: { valAccuracy: number } }[];
      const accuracies = ends.map(({ logs }) => logs.valAccuracy);
      expect(Math.max(...accuracies)).toBeGreaterThan(least);
      const predicted = await stratus(['predict', 'model.onnx', ...asked.map((text) => text.replace('@', '@my ')), '--json'], {
        cwd,
      });
      expect(events(predicted.stdout)[0]).toMatchObject({
        labels: { prediction: [expect.arrayContaining([expect.objectContaining({ label })])] },
      });
    },
    180_000,
  );

  it('knows which templates there are', async () => {
    expect(await stratus(['init', 'x', '--template', 'tabuler'], { cwd: folder })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Did you mean 'tabular'") as string,
    });
  });

  it('leaves alone what is there, unless told', async () => {
    const cwd = join(folder, 'full');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'train.ts'), 'mine');
    const refused = await stratus(['init'], { cwd });
    expect(refused).toMatchObject({
      code: 2,
      stderr: `error: ${cwd} is not empty: it holds train.ts. Name another folder, or add --force to write into it.\n`,
    });
    expect(readFileSync(join(cwd, 'train.ts'), 'utf8')).toBe('mine');
    const forced = await stratus(['init', '--force', '--json'], { cwd });
    expect(events(forced.stdout)).toEqual([
      {
        folder: cwd,
        template: 'digits',
        files: expect.arrayContaining(['train.ts']) as string[],
        next: ['npm install', 'npm run train', 'npm run deploy'],
      },
    ]);
    expect(readFileSync(join(cwd, 'train.ts'), 'utf8')).toContain("from 'stratus'");
  });

  it('takes a folder with nothing but a repository for empty', async () => {
    mkdirSync(join(folder, 'fresh/.git'), { recursive: true });
    expect((await stratus(['init', 'fresh'], { cwd: folder })).code).toBe(0);
    expect(await stratus(['init', 'data.json'], { cwd: folder })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it is a file') as string,
    });
  });
});

it('puts cells under each other', () => {
  expect(
    table(
      [
        ['a', '\u001B[1m1\u001B[22m'],
        ['long', '1000'],
      ],
      ['left', 'right'],
    ),
  ).toBe('a        \u001B[1m1\u001B[22m\nlong  1000');
});
