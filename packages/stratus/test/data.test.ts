import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StratusError } from '@stratus/core';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import type { DataFile, LookupOptions } from '../src/data/data-file.ts';
import { type MnistRecord, mnist } from '../src/data/index.ts';
import { mnistFiles } from '../src/data/mnist.ts';
import { readData } from '../src/data/read-data.ts';

const repository = fileURLToPath(new URL('../../../examples/data/mnist', import.meta.url));
const names = Object.values(mnistFiles).map((f) => f.file);

let dir = '';
let servers: Server[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stratus-data-'));
  vi.stubEnv('STRATUS_DATA', undefined);
  vi.stubEnv('XDG_CACHE_HOME', join(dir, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  servers = [];
  rmSync(dir, { recursive: true, force: true });
});

const failure = async (promise: Promise<unknown>): Promise<StratusError> => {
  const e: unknown = await promise.then(
    () => 'no error',
    (reason: unknown) => reason,
  );
  if (!StratusError.is(e)) throw new Error(`expected a StratusError, got ${String(e)}`);
  return e;
};

describe('mnist', () => {
  it('reads the real files, typed', async () => {
    const { train, test } = await mnist();
    expect([train.image.shape, train.label.shape, test.image.shape, test.label.shape]).toEqual([
      [60000, 28, 28],
      [60000],
      [10000, 28, 28],
      [10000],
    ]);
    expect([train.image.dtype, train.label.dtype]).toEqual(['uint8', 'uint8']);
    expect(Array.from(train.label.data.subarray(0, 10))).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(Array.from(test.label.data.subarray(0, 10))).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    const counts = new Array<number>(10).fill(0);
    for (const label of train.label.data) counts[label]!++;
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // The published mean of the training images, 0.1307 of 255.
    expect(train.image.data.reduce((a, b) => a + b, 0) / train.image.size / 255).toBeCloseTo(0.13066, 5);
    expectTypeOf(train.record(0)).toEqualTypeOf<MnistRecord>();
    const { image, label } = train.record(0);
    expect([image.shape, label]).toEqual([[28, 28], 5]);
    expect(Array.from(image.data.subarray(5 * 28 + 12, 5 * 28 + 16))).toEqual([3, 18, 18, 18]);
    let records = 0;
    for await (const record of test) records += Number(record.label === test.label.data[records]);
    expect(records).toBe(10000);
  });

  it('takes a folder, and only that one', async () => {
    const e = await failure(mnist({ directory: dir }));
    expect(e.code).toBe('data-not-found');
    expect(e.details.looked).toEqual([dir]);
    for (const name of names) symlinkSync(join(repository, name), join(dir, name));
    expect((await mnist({ directory: dir })).test.length).toBe(10000);
  });

  it('refuses a truncated or changed file, and says which, why and what to do', async () => {
    for (const name of names) copyFileSync(join(repository, name), join(dir, name));
    const file = join(dir, 't10k-labels-idx1-ubyte.gz');
    const good = readFileSync(file);
    const changed = Uint8Array.from(good);
    changed[1000]! ^= 1;
    for (const bytes of [good.subarray(0, 4000), changed, new Uint8Array()]) {
      writeFileSync(file, bytes);
      const e = await failure(mnist({ directory: dir }));
      expect(e.code).toBe('corrupt');
      for (const part of [file, createHash('sha256').update(bytes).digest('hex'), mnistFiles.testLabels.sha256, 'Delete it'])
        expect(e.message).toContain(part);
    }
    vi.stubEnv('STRATUS_DATA', dir);
    mkdirSync(join(dir, 'mnist'));
    copyFileSync(file, join(dir, 'mnist', 't10k-labels-idx1-ubyte.gz'));
    expect((await failure(mnist())).message).toContain(join(dir, 'mnist', 't10k-labels-idx1-ubyte.gz'));
  });

  it('stops when it is told to', async () => {
    expect((await failure(mnist({ signal: AbortSignal.abort() }))).code).toBe('aborted');
  });

  it('has the sums of the files in the repository, and known addresses', () => {
    for (const { file, bytes, sha256, urls } of Object.values(mnistFiles)) {
      const content = readFileSync(join(repository, file));
      expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
      expect(urls.map((url) => new URL(url).pathname.endsWith(`/${file}`))).toEqual([true, true, true]);
    }
  });
});

const findDataFile = (wanted: DataFile, options: LookupOptions = {}) => readData(wanted, options);

describe('a file of a data set', () => {
  const content = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) & 255));
  const toy = (...urls: string[]): DataFile => ({
    dataset: 'toy',
    file: 'toy.bin',
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    urls,
  });
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/toy.bin`;
  };
  const cache = (): string => join(dir, 'cache/stratus/toy');
  /** All files under the temporary folder: nothing may be left half-written anywhere. */
  const files = (): string[] =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => e.name);
  const put = (folder: string): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'toy.bin'), content);
  };

  it('looks in STRATUS_DATA, beside the script, then in the cache', async () => {
    put(cache());
    expect((await findDataFile(toy())).path).toBe(join(cache(), 'toy.bin'));
    const script = process.argv[1];
    try {
      process.argv[1] = join(dir, 'scripts/train.ts');
      put(join(dir, 'scripts/data/toy'));
      expect((await findDataFile(toy())).path).toBe(join(dir, 'scripts/data/toy/toy.bin'));
    } finally {
      process.argv[1] = script!;
    }
    vi.stubEnv('STRATUS_DATA', join(dir, 'sets'));
    expect((await findDataFile(toy())).path).toBe(join(cache(), 'toy.bin'));
    put(join(dir, 'sets/toy'));
    expect((await findDataFile(toy())).path).toBe(join(dir, 'sets/toy/toy.bin'));
  });

  it('downloads once, into the cache', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.end(content);
    });
    for (let i = 0; i < 2; i++) {
      const { bytes, path } = await findDataFile(toy(url));
      expect(content.equals(bytes)).toBe(true);
      expect(path).toBe(join(cache(), 'toy.bin'));
    }
    expect(requests).toBe(1);
    expect(files()).toEqual(['toy.bin']);
  });

  it('goes on to the next address after an error, a wrong file, too few or too many bytes, and leaves nothing of it', async () => {
    const asked: string[] = [];
    const bad = (name: string, listener: RequestListener): Promise<string> =>
      serve((request, response) => {
        asked.push(name);
        listener(request, response);
      });
    const urls = [
      await bad('missing', (_, response) => response.writeHead(404).end('nothing here')),
      await bad('wrong', (_, response) => response.end(content.toReversed())),
      await bad('short', (_, response) => response.end(content.subarray(1))),
      await bad('endless', (_, response) => {
        const more = (): void => {
          while (response.write(content));
          response.once('drain', more);
        };
        more();
      }),
    ];
    const e = await failure(findDataFile(toy(...urls)));
    expect(asked).toEqual(['missing', 'wrong', 'short', 'endless']);
    expect(e.code).toBe('data-not-found');
    expect(files()).toEqual([]);
    const looked = e.details.looked as string[];
    expect(looked.at(-4)).toBe(`${urls[0]} (HTTP 404)`);
    expect(looked.at(-2)).toContain(`it offers ${content.length - 1} bytes, expected ${content.length}`);
    expect(looked.at(-1)).toContain(`more than the ${content.length} bytes`);

    const good = await serve((_, response) => response.end(content));
    expect(content.equals((await findDataFile(toy(...urls, good))).bytes)).toBe(true);
    expect(files()).toEqual(['toy.bin']);
  });

  it('offline, lists every place and says how to get the file', async () => {
    const url = await serve(() => {});
    servers.pop()!.close(); // now nobody listens there
    const e = await failure(findDataFile(toy(url)));
    expect(e.code).toBe('data-not-found');
    const looked = e.details.looked as string[];
    expect(looked).toContain(cache());
    expect(looked.at(-1)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/toy\.bin \(.*ECONNREFUSED/);
    for (const part of [url, cache(), 'STRATUS_DATA', 'toy/toy.bin']) expect(e.message).toContain(part);
    const together = [`${url}/toy.bin`, `${url}/labels.bin`];
    const all = await failure(findDataFile({ ...toy(url), together }));
    expect(all.message).toMatch(/download these files .*:\n {2}\S+toy\.bin\n {2}\S+labels\.bin$/);
    expect(mnistFiles.testLabels.together).toEqual(Object.values(mnistFiles).map(({ urls }) => urls[0]));
  });

  it('works without a cache that can be written', async () => {
    writeFileSync(join(dir, 'cache'), 'a file where the folder should be');
    const url = await serve((_, response) => response.end(content));
    const { bytes, path } = await findDataFile(toy(url));
    expect([content.equals(bytes), path]).toEqual([true, url]);
    expect(existsSync(join(dir, 'cache/stratus'))).toBe(false);
  });

  it('does not replace a damaged file silently', async () => {
    put(cache());
    writeFileSync(join(cache(), 'toy.bin'), content.subarray(0, 5));
    const url = await serve((_, response) => response.end(content));
    expect((await failure(findDataFile(toy(url)))).code).toBe('corrupt');
    rmSync(join(cache(), 'toy.bin'));
    expect(content.equals((await findDataFile(toy(url))).bytes)).toBe(true);
  });
});
