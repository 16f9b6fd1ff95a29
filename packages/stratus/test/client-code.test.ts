import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dense, input, preprocessing, sequential, steps } from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../src/deploy.ts';
import { modelConfig, openServable, type Servable, typedClient } from '../src/serve/index.ts';
import { events, root, start, stratus } from './cli-process.ts';
import { answer, echoModel, smallBytes } from './serving.ts';

async function houses(): Promise<Uint8Array> {
  const plan = preprocessing({ features: { size: [steps.minMax()], city: [steps.categories(), steps.oneHot()] } });
  const fitted = await plan.fit([
    { size: 0, city: 'a' },
    { size: 10, city: 'b' },
  ]);
  const width = fitted.inputs['input']!.shape[0]!;
  const net = sequential([input({ shape: [width], name: 'input' }), dense({ units: 2, activation: 'softmax', name: 'kind' })]);
  return (await net.preprocess(fitted)).toBytes({ labels: ['flat', 'villa'] });
}

let folder: string;
let tensors: Deployment;
let records: Deployment;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-'));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  tensors = await deploy(await smallBytes(), { port: 0, name: 'small-model', stopOn: [] });
  records = await deploy(await houses(), { port: 0, name: 'houses', stopOn: [] });
});
afterAll(async () => {
  await Promise.all([tensors.stop(), records.stop()]);
  await rm(folder, { recursive: true });
});

/** What the compiler says about a file that uses a client. */
async function compile(name: string, source: string): Promise<{ code: number | null; stdout: string }> {
  const file = join(folder, `${name}.ts`);
  await writeFile(file, source);
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022'];
  const modules = ['--module', 'nodenext', '--allowImportingTsExtensions', '--lib', 'es2022,dom', '--types', ''];
  return start([...options, ...modules, file], { program: join(root, 'node_modules/typescript/bin/tsc'), cwd: folder }).ended;
}

describe('stratus client', () => {
  it('writes a client for a server, with which wrong names do not compile', async () => {
    for (const [server, file] of [
      [tensors, 'small.ts'],
      [records, 'houses.ts'],
    ] as const) {
      const { code, stdout, stderr } = await stratus(['client', server.url, '--out', join(folder, file), '--json']);
      expect([code, stderr]).toEqual([0, '']);
      expect(events(stdout)).toEqual([{ type: 'client', models: [server.name], file: join(folder, file) }]);
    }
    const right = await compile(
      'right',
      `import { smallModel } from './small.ts';
import { houses, housesFeedback, type HousesRecord } from './houses.ts';
export async function all(): Promise<number> {
  const { y } = await smallModel({ x: [[1, 2, 3]] });
  const record: HousesRecord = { size: 1, city: null };
  const [one] = await houses([record, { size: 2, city: 'a' }], { requestId: 'r1' });
  await housesFeedback('r1', ['villa', 0]);
  const kind: 'flat' | 'villa' | undefined = one?.kind.label;
  return (y[0]?.[0] ?? 0) + (one?.kind.scores.villa ?? 0) + (kind === 'flat' ? 1 : 0);
}
`,
    );
    expect(right.stdout).toBe('');
    expect(right.code).toBe(0);
    const wrong = await compile(
      'wrong',
      `import { smallModel } from './small.ts';
import { houses, housesFeedback } from './houses.ts';
void smallModel({ X: [[1, 2, 3]] });
void smallModel({ x: [1, 2, 3] });
void houses([{ size: 1, town: 'a' }]);
void houses([{ size: 'one', city: 'a' }]);
void houses([{ size: 1 }]);
void houses([]).then(([one]) => one?.kind.label === 'house');
void housesFeedback('r1', 'house');
`,
    );
    const lines = wrong.stdout.split('\n').flatMap((line) => /^wrong\.ts\((\d+),/.exec(line)?.[1] ?? []);
    expect([...new Set(lines)], wrong.stdout).toEqual(['3', '4', '5', '6', '7', '8', '9']);
  });

  it('asks: what it writes works', async () => {
    const load = async (server: Deployment, name: string, servable: Servable): Promise<Record<string, unknown>> => {
      const source = typedClient([modelConfig(servable)], server.url);
      await servable.release();
      const { transformSync } = (await import('@swc/wasm-typescript')).default;
      const file = join(folder, `${name}.mjs`);
      await writeFile(file, transformSync(source, { mode: 'strip-only', module: true }).code);
      return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    };
    type Ask = (given: unknown, options?: object) => Promise<unknown>;
    const small = await load(tensors, 'small', await openServable(await smallBytes(), { name: 'small-model' }));
    const ask = small['smallModel'] as Ask;
    expect(
      await ask({
        x: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      }),
    ).toEqual({ y: [answer([1, 2, 3]), answer([4, 5, 6])] });
    await expect(ask({ x: [[1, 2]] })).rejects.toMatchObject({ name: 'ModelError', status: 400, code: 'bad-request' });
    await expect(ask({ x: [[1, 2, 3]] }, { version: '9' })).rejects.toMatchObject({ status: 404 });
    const kinds = await load(records, 'kinds', await openServable(await houses(), { name: 'houses' }));
    const record = { size: 1, city: 'a' };
    await (kinds['houses'] as Ask)([record, record], { requestId: 'asked' });
    const tell = kinds['housesFeedback'] as (id: string, label: unknown) => Promise<number>;
    expect([await tell('asked', ['flat', 1]), await tell('asked', [0, 0])]).toEqual([2, 0]);
    await expect(tell('never', 0)).rejects.toMatchObject({ name: 'ModelError', status: 404, code: 'unknown-name' });
    await expect(tell('asked', ['flat', 'hut'])).rejects.toMatchObject({ status: 400, message: /hut/ });
    const { models } = (await (await fetch(`${records.url}/v2/models/houses/monitor`)).json()) as {
      models: [{ accuracy: object }];
    };
    expect(models[0].accuracy).toMatchObject({ labels: 2, accuracy: 0.5 });
    expect(await (kinds['houses'] as Ask)([record])).toEqual([
      {
        kind: {
          label: expect.stringMatching(/flat|villa/),
          score: expect.any(Number),
          scores: { flat: expect.any(Number), villa: expect.any(Number) },
        },
      },
    ]);
  });

  it('has names for every model, and exact numbers', async () => {
    const odd = await openServable(echoModel('int64'), { name: '7 dwarfs *' });
    const source = typedClient([modelConfig(odd), modelConfig(odd)], 'http://h');
    const near = await openServable(echoModel('int64'), { name: '7 dwarfs feedback' });
    const both = typedClient([modelConfig(odd), modelConfig(near)], 'http://h');
    await Promise.all([odd.release(), near.release()]);
    for (const name of [
      'model7DwarfsFeedback(requestId',
      'model7DwarfsFeedback2(inputs',
      'model7DwarfsFeedback2Feedback(requestId',
    ])
      expect(both.split(`export async function ${name}`)).toHaveLength(2);
    expect(source).toContain('export async function model7Dwarfs(inputs: Model7DwarfsInputs');
    expect(source).toContain('export async function model7Dwarfs2(');
    expect(source).toContain('readonly x: readonly (readonly (number | bigint)[])[]');
    await writeFile(join(folder, 'odd.ts'), source);
    expect(
      await compile('uses', "import { model7Dwarfs } from './odd.ts';\nvoid model7Dwarfs({ x: [[1n, 2]] });\n"),
    ).toMatchObject({ code: 0, stdout: '' });
  });

  it('reads a file, and says what is wrong', async () => {
    const file = join(folder, 'net.onnx');
    await writeFile(file, await smallBytes());
    const { code, stdout } = await stratus(['client', file]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('export async function net(inputs: NetInputs')]);
    const nobody = await stratus(['client', 'http://127.0.0.1:1']);
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('http://127.0.0.1:1/v2/models')]);
    expect((await stratus(['client', join(folder, 'none.onnx')])).code).toBe(1);
    expect((await stratus(['client'])).code).toBe(2);
  });
});
