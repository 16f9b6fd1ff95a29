// WebGPU in a real browser, on its software GPU.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExecutor } from '../src/runtime/node/index.ts';
import { bundle } from './browser/bundle.ts';
import type { GpuTasks } from './browser/gpu-page.ts';
import { gpuWorkNames, trainOn } from './browser/gpu-work.ts';
import { type Served, serve } from './browser/serve.ts';
import { farthest } from './support/farthest.ts';

const executablePath = process.env['STRATUS_CHROMIUM'] ?? '/usr/bin/chromium';
const missing = existsSync(executablePath) ? undefined : `needs Chromium: there is none at ${executablePath}`;
const options = { device: 'webgpu', wasmPaths: '/ort/' } as const;
const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

describe.skipIf(missing)(`WebGPU in Chromium${missing ? `: ${missing}` : ''}`, () => {
  let browser: Browser;
  let served: Served;
  let page: Page;
  const troubles: string[] = [];

  const open = async (from: Browser): Promise<Page> => {
    const opened = await from.newPage();
    opened.on('console', (message) => void troubles.push(message.text()));
    opened.on('pageerror', (e) => void troubles.push(String(e)));
    await opened.goto(`${served.url}/index.html`);
    await opened.waitForFunction('globalThis.gpuPage');
    return opened;
  };
  const run = <K extends keyof GpuTasks>(
    task: K,
    given: readonly unknown[],
    on = page,
  ): Promise<Awaited<ReturnType<GpuTasks[K]>>> => on.evaluate(`gpuPage.${task}(...${JSON.stringify(given)})`);

  beforeAll(async () => {
    const script = await bundle('./gpu-page.ts', {
      alias: { vitest: fileURLToPath(new URL('browser/tiny-vitest.ts', import.meta.url)) },
    });
    served = await serve({ '/index.html': html, '/page.js': script });
    const args = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
    browser = await chromium.launch({ executablePath, args });
    page = await open(browser);
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  it('says what it runs on', async () => {
    expect(await run('describe', [options])).toEqual({
      device: 'webgpu',
      description: expect.stringMatching(/^ONNX Runtime 1\.\d+\.\d+ on the GPU with WebGPU$/) as string,
    });
  });

  it('keeps the executor contract', async () => {
    const results = await run('contract', [options]);
    expect(results.filter(({ failure }) => failure)).toEqual([]);
    expect(results.length).toBeGreaterThan(55);
  });

  it.each(gpuWorkNames)('%s: losses, weights and predictions are those of the CPU', async (name) => {
    const cpu = await createExecutor({ threads: 1, kernels: false });
    const [want, got] = [await trainOn(cpu, name, 2), await run('train', [options, name, 2])];
    await cpu.release();
    expect(want.losses.at(-1)).not.toBe(want.losses[0]);
    expect(farthest(got.losses, want.losses)).toBeLessThan(1e-3);
    for (const [key, weights] of Object.entries(want.weights))
      expect(farthest(got.weights[key]!, weights), key).toBeLessThan(1e-3);
    expect(farthest(got.scores, want.scores)).toBeLessThan(1e-3);
  });

  it('says nothing on the console', () => expect(troubles).toEqual([]));

  it('tells what a browser without a GPU lacks', async () => {
    const other = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-features=WebGPU'] });
    try {
      expect(await run('failToStart', [options], await open(other))).toMatchObject({
        code: 'no-device',
        message: expect.stringMatching(/^The device 'webgpu' cannot be used here: .*navigator\.gpu|adapter/) as string,
      });
    } finally {
      await other.close();
    }
  });
});
