// The browser's driver and the whole of training, in a real browser.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  activation,
  executor,
  type Preprocessing,
  parseIdx,
  preprocessing,
  rescaling,
  sequential,
  steps,
  type Tensor,
  tensor,
  version,
} from '@stratus/core';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from './browser/bundle.ts';
import type { Tasks } from './browser/page.ts';
import { type Served, serve } from './browser/serve.ts';
import { askWith, makeModel, numbers, predictWith, randomStreams, trainOnce } from './browser/work.ts';

const executablePath = process.env['STRATUS_CHROMIUM'] ?? '/usr/bin/chromium';
const rows = 20 * 128;

const mnist = async (name: string, count: number): Promise<Tensor> => {
  const url = new URL(`../../../examples/data/mnist/${name}.gz`, import.meta.url);
  return parseIdx(gunzipSync(await readFile(url))).rows(0, count);
};
const digits = async (count: number) =>
  [await mnist('train-images-idx3-ubyte', count), await mnist('train-labels-idx1-ubyte', count)] as const;

const farthest = (a: readonly number[], b: readonly number[]): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
};

const html = '<!doctype html><link rel="icon" href="data:,"><p>Stratus</p><script type="module" src="page.js"></script>';

const workerScript = `
  import { tasks } from './page.ts';
  await tasks.start({ wasmPaths: '/ort/' });
  postMessage(await tasks.train('plain', 1280));`;

describe('in Chromium', () => {
  let browser: Browser | undefined;
  let served: Served;
  let home: Opened;

  /** A page, what it said to the console, and what went wrong in it. */
  interface Opened {
    readonly page: Page;
    readonly troubles: string[];
    run<K extends keyof Tasks>(task: K, ...given: Parameters<Tasks[K]>): Promise<Awaited<ReturnType<Tasks[K]>>>;
  }

  async function open(path: string): Promise<Opened> {
    const page = await browser!.newPage();
    const troubles: string[] = [];
    page.on('console', (message) => void troubles.push(message.text()));
    page.on('pageerror', (e) => void troubles.push(String(e)));
    await page.goto(served.url + path);
    await page.waitForFunction('globalThis.page ?? globalThis.runContract');
    return {
      page,
      troubles,
      run: (task, ...given) => page.evaluate(`page.${task}(...${JSON.stringify(given)})`) as never,
    };
  }

  beforeAll(async () => {
    if (!existsSync(executablePath)) return;
    // The script begins as a page's does: a worker that ran it again would fail at its first line.
    const page = `document.title = 'Stratus';\n${await bundle('./page.ts')}`;
    const contract = await bundle('./contract-page.ts', {
      alias: { vitest: fileURLToPath(new URL('browser/tiny-vitest.ts', import.meta.url)) },
    });
    served = await serve({
      '/index.html': html,
      '/page.js': page,
      '/worker.js': await bundle({ code: workerScript }),
      '/contract/index.html': html,
      '/contract/page.js': contract,
      '/html-for-wasm/ort-wasm-simd-threaded.wasm': html,
    });
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    home = await open('/index.html');
    await home.run('start', { wasmPaths: '/ort/', threads: 1 });
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  /** A test that is skipped by name where there is no browser. */
  const inBrowser = (name: string, test: () => Promise<void>): void =>
    it(name, async (ctx) => {
      if (!browser) ctx.skip(`needs Chromium: there is none at ${executablePath}; say where with STRATUS_CHROMIUM`);
      await test();
    });

  inBrowser('the same source runs, and says by what', async () => {
    expect(await home.run('version')).toBe(version);
    const { device, description, isolated } = await home.run('start');
    expect([device, isolated]).toEqual(['wasm', true]);
    expect(description).toMatch(/^ONNX Runtime 1\.\d+\.\d+ in WebAssembly, 1 thread$/);
  });

  inBrowser('training gives the losses that Node gives', async () => {
    const here = await trainOnce(makeModel('plain'), ...(await digits(rows)));
    const there = await home.run('train', 'plain', rows);
    const difference = farthest(here, there);
    console.log(
      `MNIST, 20 batches: losses ${here[0]!.toFixed(4)} to ${here[19]!.toFixed(4)}, Node and browser differ by ${difference.toExponential(1)} at most`,
    );
    expect(here.length).toBe(20);
    expect(here[19]!).toBeLessThan(0.9 * here[0]!);
    expect(difference).toBeLessThan(1e-4);
  });

  inBrowser('random streams are the same: bits and uniform numbers bit for bit, normal ones nearly', async () => {
    const here = await randomStreams(await executor());
    const there = await home.run('streams');
    expect(there.bits).toEqual(here.bits);
    expect(there.uniform).toEqual(here.uniform);
    expect(new Set(here.bits).size).toBeGreaterThan(4090);
    const difference = farthest(here.normal, there.normal);
    console.log(`normal numbers differ by ${difference.toExponential(1)} at most`);
    expect(difference).toBeLessThan(1e-5);
  });

  inBrowser('training with noise and dropout gives the losses that Node gives', async () => {
    const here = await trainOnce(makeModel('noisy'), ...(await digits(rows)));
    const difference = farthest(here, await home.run('train', 'noisy', rows));
    console.log(`with noise and dropout the losses differ by ${difference.toExponential(1)} at most`);
    expect(difference).toBeLessThan(1e-4);
  });

  inBrowser('what the browser saves, Node loads, and the other way round', async () => {
    const there = await home.run('trainAndSave', 3 * 128);
    const [image, label] = await digits(3 * 128);
    expect(farthest(await predictWith(Uint8Array.from(there.bytes), image.rows(0, 64)), there.scores)).toBeLessThan(1e-5);
    const model = makeModel('plain');
    await trainOnce(model, image, label);
    const scores = numbers(await model.predict(image.rows(0, 64)));
    expect(farthest(await home.run('predict', [...(await model.toBytes())], 64), scores)).toBeLessThan(1e-5);
  });

  // Models that say what comes to their first layer.
  const shown = (prep: Preprocessing) => {
    const { dtype } = Object.values(prep.inputs)[0]!;
    const numbers = dtype === 'float32' ? activation({ activation: 'linear' }) : rescaling({ scale: 1 });
    return sequential([prep.input(), numbers]).preprocess(prep).toBytes();
  };

  inBrowser('records become the same numbers as in Node, bit for bit', async () => {
    const people = Array.from({ length: 50 }, (_, i) => ({
      age: i % 7 === 0 ? null : 18 + ((i * 37) % 60),
      fare: 1e6 + ((i * 7919) % 500) / 3,
      city: ['Oslo', 'Rome', '東京'][i % 3],
      born: `19${50 + i}-07-1${i % 10}`,
      about: `The ${['GOOD', 'bad', 'İstanbul'][i % 3]} film<br/>no. ${i}, naïve!`,
    }));
    const table = await preprocessing({
      features: {
        age: [steps.impute({ indicator: true }), steps.standardize()],
        fare: [steps.robustScale()],
        city: [steps.categories(), steps.oneHot()],
        born: [steps.dateParts({ cyclic: true }), steps.minMax()],
      },
    }).fit(people);
    const text = await preprocessing({
      features: { about: [steps.cleanText(), steps.tokenize({ numWords: 40, oovToken: '?' }), steps.pad({ maxLength: 6 })] },
    }).fit(people);
    for (const bytes of [await shown(table), await shown(text)]) {
      const strangers = [
        ...people.slice(0, 9),
        { age: 1e-3, fare: -5, city: '', born: '2024-02-29T23:59:59+09:00', about: '\u0000 ﬁne' },
      ];
      expect(await home.run('ask', [...bytes], strangers)).toEqual(await askWith(bytes, strangers));
    }
  });

  inBrowser('an image of the right size becomes the same pixels as in Node', async () => {
    const prep = await preprocessing({ features: { photo: [steps.image({ size: [5, 7] })] } }).fit([{ photo: '' }]);
    const bytes = await shown(prep);
    const pixels = tensor(
      Uint8Array.from({ length: 5 * 7 * 3 }, (_, i) => (i * 73) % 256),
      { shape: [5, 7, 3] },
    );
    const png = await sharp(pixels.data as Uint8Array, { raw: { width: 7, height: 5, channels: 3 } })
      .png()
      .toBuffer();
    const here = await askWith(bytes, [{ photo: pixels }]);
    expect(await home.run('ask', [...bytes], [{ photo: png.toString('base64') }])).toEqual(here);
    // Another size: another sampler, which may differ by a little.
    const large = await sharp({ create: { width: 70, height: 50, channels: 3, background: '#3a7' } })
      .jpeg()
      .toBuffer();
    const there = await home.run('ask', [...bytes], [{ photo: large.toString('base64') }]);
    expect(there).toHaveLength(5 * 7 * 3);
    for (const [i, value] of there.entries()) expect(Math.abs(value - [0x33, 0xaa, 0x77][i % 3]!)).toBeLessThan(4);
    expect(await home.run('failure', [...bytes], [{ photo: 'AAAA' }])).toMatchObject({
      code: 'bad-value',
      message: expect.stringMatching(/photo, record 0: got bytes that cannot be decoded/) as string,
    });
  });

  inBrowser('the page stays alive while it trains', async () => {
    const { ms, ticks, longestTickMs, frames, longestFrameMs, result } = await home.run('watchTraining', 60 * 128);
    console.log(
      `${result.length} batches in ${ms.toFixed(0)} ms: ${ticks} ticks of the timer, at most ${longestTickMs.toFixed(0)} ms apart; ` +
        `${frames} frames, at most ${longestFrameMs.toFixed(0)} ms apart`,
    );
    // How long one batch takes is this machine's; that the page has a turn between batches is ours.
    const batchMs = ms / result.length;
    expect(ticks).toBeGreaterThan(ms / (10 + 3 * batchMs) / 2);
    expect(frames).toBeGreaterThan(2);
  });

  inBrowser('a web worker trains as the page does', async () => {
    const losses = await home.page.evaluate(
      `new Promise((resolve, reject) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      })`,
    );
    expect(losses).toEqual(await home.run('train', 'plain', 1280));
  });

  inBrowser('files are refused with what to do instead', async () => {
    expect(await home.run('save')).toEqual({
      code: 'no-files',
      message:
        'Writing model.onnx needs a file system, which this environment lacks. Use bytes instead: model.toBytes() and load(bytes).',
    });
    expect((await home.run('misspelt')).message).toMatch(/Did you mean 'mse'/);
  });

  inBrowser('nothing was said on the console, and the script ran once', async () => {
    expect(home.troubles).toEqual([]);
    expect(served.asked.filter((path) => path === '/page.js')).toHaveLength(1);
  });

  describe('the executor contract holds', () => {
    for (const threads of [1, 2]) {
      inBrowser(`with ${threads} ${threads === 1 ? 'thread' : 'threads'}`, async () => {
        const { page, troubles } = await open('/contract/index.html');
        const results = (await page.evaluate(`runContract({ wasmPaths: '/ort/', threads: ${threads} })`)) as {
          name: string;
          failure?: string;
        }[];
        expect(results.filter(({ failure }) => failure)).toEqual([]);
        expect(results.length).toBeGreaterThan(55);
        expect(troubles).toEqual([]);
        await page.close();
      });
    }
  });

  describe('what the page lacks is said', () => {
    inBrowser('the .wasm file, at its default place, where wasmPaths says, and where a page is served for it', async () => {
      for (const [options, where] of [
        [{}, 'beside the script'],
        [{ wasmPaths: '/nowhere' }, `at ${served.url}/nowhere/ort-wasm-simd-threaded.wasm`],
        [{ wasmPaths: 'html-for-wasm/' }, `at ${served.url}/html-for-wasm/ort-wasm-simd-threaded.wasm`],
      ] as const) {
        const { page, run } = await open('/index.html');
        for (const { code, message } of [await run('failTwice', options), await run('failToStart', options)]) {
          expect(code).toBe('engine');
          expect(message).toMatch(/^ONNX Runtime failed while loading its WebAssembly build: /);
          expect(message).toContain(where);
          expect(message).toContain("executor({ wasmPaths: '/assets/' })");
        }
        await page.close();
      }
    });

    inBrowser('isolation, and where the files are, for more than one thread', async () => {
      const plain = await open('/index.html?plain');
      expect(await plain.run('failToStart', { threads: 2, wasmPaths: '/ort/' })).toMatchObject({
        code: 'bad-value',
        message: expect.stringMatching(/not cross-origin isolated.*Cross-Origin-Opener-Policy/) as string,
      });
      // Without wishes it works there too.
      expect((await plain.run('start', { wasmPaths: '/ort/' })).description).toMatch(/1 thread$/);
      expect(await plain.run('train', 'plain', 256)).toHaveLength(2);
      await plain.page.close();
      expect(await home.run('failToStart', { threads: 2 })).toMatchObject({
        code: 'bad-value',
        message: expect.stringContaining('wasmPaths') as string,
      });
    });
  });
});
