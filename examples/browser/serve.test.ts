// The page as a reader of its README gets it: served by serve.mjs, trained in a browser.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { load } from '@stratus/core';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const executablePath = process.env['STRATUS_CHROMIUM'] ?? '/usr/bin/chromium';

it('trains on MNIST, can be stopped, and saves what Node loads', { timeout: 180_000 }, async (ctx) => {
  if (!existsSync(executablePath))
    ctx.skip(`needs Chromium: there is none at ${executablePath}; say where with STRATUS_CHROMIUM`);
  if (!existsSync(here('../../packages/core/dist/index.js'))) ctx.skip('needs a build: npm run build');
  const server = spawn(process.execPath, [here('serve.mjs'), '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const [said] = (await once(server.stdout, 'data')) as [Buffer];
    const page = await browser.newPage({ viewport: { width: 800, height: 860 } });
    const troubles: string[] = [];
    page.on('console', (message) => void troubles.push(message.text()));
    page.on('pageerror', (e) => void troubles.push(String(e)));
    await page.goto(/http:\S+/.exec(String(said))![0]);
    const status = page.getByRole('status');
    const showing = (text: string | RegExp): Promise<void> => status.filter({ hasText: text }).waitFor({ timeout: 120_000 });

    await showing('Ready: ONNX Runtime');
    await page.getByRole('button', { name: 'Train' }).click();
    await showing(/Batch \d/);
    await page.getByRole('button', { name: 'Stop' }).click();
    await showing('was stopped');
    await page.getByRole('button', { name: 'Train' }).click();
    await showing('One epoch in');
    const text = await status.textContent();
    console.log(text);
    expect(Number(/([\d.]+) %/.exec(text!)![1])).toBeGreaterThan(90);
    expect(await page.locator('figcaption').count()).toBe(20);
    expect(await page.locator('figcaption').first().textContent()).toBe('7');
    const picture = process.env['STRATUS_SCREENSHOT'];
    if (picture) await page.screenshot({ path: picture });

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save' }).click();
    const model = await load(await readFile(await (await download).path()));
    expect(model.summary()).toContain('118,282');
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
    server.kill();
  }
});
