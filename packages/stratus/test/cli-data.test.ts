import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as data from '../src/data/index.ts';
import { catalog } from '../src/data/index.ts';
import { type Ended, events, root, start, stratus } from './cli-process.ts';

const real = process.env['STRATUS_DATA'];
const iris = real === undefined ? '' : join(real, 'tabular/iris.csv');

let dir = '';
let server: Server | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stratus-cli-data-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server ? server.close(done) : done(undefined)));
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});
const env = (): Record<string, string | undefined> => ({ STRATUS_DATA: join(dir, 'sets'), XDG_CACHE_HOME: join(dir, 'cache') });
const run = (args: readonly string[], more: Record<string, string | undefined> = {}): Promise<Ended> =>
  stratus(['data', ...args], { cwd: dir, env: { ...env(), ...more } });

/** Sends every request of the process to a server here. */
async function publisher(listener: RequestListener): Promise<Record<string, string>> {
  server = createServer(listener);
  await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
  const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const redirect = `const { fetch } = globalThis; globalThis.fetch = (url, init) => fetch('${here}' + new URL(url).pathname, init);`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(redirect)}` };
}

describe('the table of data sets', () => {
  it('has the names of the functions, and says of each what it must', () => {
    for (const [name, info] of Object.entries(catalog)) {
      expect(typeof (data as Record<string, unknown>)[name]).toBe('function');
      for (const text of [info.title, info.about, info.source, info.licence, info.cite]) expect(text).not.toBe('');
      expect(info.files.length).toBeGreaterThan(0);
      for (const field of Object.keys(info.classes ?? {})) expect(Object.keys(info.fields)).toContain(field);
    }
  });
});

describe('stratus data', () => {
  it('ls: sizes, licences, places', async () => {
    const { code, stdout, stderr } = await run(['ls']);
    expect([code, stderr]).toEqual([0, '\nCite who made them: stratus data info NAME\n']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1 + Object.keys(catalog).length);
    expect(stdout).toMatch(/^mnist +70 000 +11\.6 MB +CC BY-SA 3\.0.* \S*examples\/data\/mnist$/m);
    expect(stdout).toMatch(/^cifar100 +60 000 +168\.5 MB +none stated +not downloaded$/m);
    const { datasets } = events((await run(['ls', '--json'])).stdout)[0] as { datasets: { name: string; isHere: boolean }[] };
    expect(datasets.filter(({ isHere }) => isHere).map(({ name }) => name)).toEqual(['mnist']);
  });

  it('info: what a record is, whom to cite, where the files are', async () => {
    const { code, stdout } = await run(['info', 'cifar100']);
    expect(code).toBe(0);
    for (const part of [
      'train 50 000, test 10 000',
      'uint8 [32, 32, 3]',
      '(100 classes)',
      'Krizhevsky 2009',
      'cifar-100-binary.tar.gz',
      'https://',
    ])
      expect(stdout).toContain(part);
    const [answer] = events((await run(['info', 'iris', '--json'])).stdout);
    expect(answer).toMatchObject({
      name: 'iris',
      records: { all: 150 },
      fields: { features: { dtype: 'float32', shape: [4] } },
      classes: { label: ['setosa', 'versicolor', 'virginica'] },
      files: [{ file: 'iris.csv', bytes: 2734 }],
    });
  });

  it('knows a name that is nearly right, and says which there are', async () => {
    for (const command of ['info', 'fetch', 'verify']) {
      const { code, stderr } = await run([command, 'cifar-101']);
      expect([code, stderr.includes("Did you mean 'cifar10'?")]).toEqual([2, true]);
    }
  });

  it('verify: which files are damaged', async () => {
    const folder = join(dir, 'sets/mnist');
    mkdirSync(folder, { recursive: true });
    const source = join(root, 'examples/data/mnist');
    for (const name of readdirSync(source).filter((file) => file.endsWith('.gz')))
      copyFileSync(join(source, name), join(folder, name));
    const good = await run(['verify', 'mnist']);
    expect([good.code, good.stdout.includes('All 4 files are good.')]).toEqual([0, true]);
    writeFileSync(join(folder, 't10k-labels-idx1-ubyte.gz'), 'x');
    const bad = await run(['verify']);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/✗ sets\/mnist\/t10k-labels-idx1-ubyte\.gz\n .*1 bytes.*Delete it/);
    expect(bad.stdout).toContain('1 of 4 files damaged');
    const json = await run(['verify', 'mnist', 'iris', '--json']);
    const [{ good: isGood, datasets }] = events(json.stdout) as [{ good: boolean; datasets: { files: { state: string }[] }[] }];
    expect([json.code, isGood, datasets.map(({ files }) => files.map(({ state }) => state).sort())]).toEqual([
      1,
      false,
      [['damaged', 'good', 'good', 'good'], ['missing']],
    ]);
  });

  it('fetch: says what is there, and how to get what cannot be had', async () => {
    const there = await run(['fetch', 'mnist']);
    expect([there.code, there.stdout.includes('mnist  is there:')]).toEqual([0, true]);
    const none = await run(['fetch', 'cora']);
    expect([none.code, none.stderr.includes('kimiyoung/planetoid')]).toEqual([1, true]);
  });

  it.skipIf(!existsSync(iris))('fetch: downloads, and goes on after Ctrl-C', async () => {
    const content = readFileSync(iris);
    const ranges: (string | undefined)[] = [];
    const options = await publisher((request, response) => {
      ranges.push(request.headers.range);
      const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      const rest = content.subarray(from);
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': rest.length,
        ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
      });
      if (ranges.length > 1) response.end(rest);
      else response.write(rest.subarray(0, 1000));
    });
    const cache = join(dir, 'cache/stratus/tabular');
    const first = start(['data', 'fetch', 'iris'], { cwd: dir, env: { ...env(), ...options } });
    const hasBegun = (): boolean =>
      existsSync(cache) &&
      readdirSync(cache).some((name) => name.endsWith('.part') && readFileSync(join(cache, name)).length === 1000);
    while (!hasBegun()) await new Promise((next) => setImmediate(next));
    first.kill('SIGINT');
    const stopped = await first.ended;
    expect([stopped.code, stopped.stderr]).toEqual([130, 'Stopped. The same command goes on where it was.\n']);
    const second = await run(['fetch', 'iris'], options);
    expect([second.code, second.stdout, ranges]).toEqual([
      0,
      '✓ iris  is now in cache/stratus/tabular\n',
      [undefined, 'bytes=1000-'],
    ]);
    expect([readdirSync(cache), readFileSync(join(cache, 'iris.csv')).equals(content)]).toEqual([['iris.csv'], true]);
  });
});
