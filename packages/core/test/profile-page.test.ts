// The page and the table of a profile, of names that mean harm, in a real browser.
import { existsSync } from 'node:fs';
import { graphInput, ops } from '@stratus/core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atPath, type Node } from '../src/graph/index.ts';
import { type Recording, StepProfile } from '../src/profile/index.ts';
import { placeOf } from '../src/train/place-of.ts';

const executablePath = process.env['STRATUS_CHROMIUM'] ?? '/usr/bin/chromium';
const hostile = `</script><img src=x onerror=alert(1)>&"'\u001b[2J\n`;

/** A product in two layers, forward and backward, of known times: 1,000 us a run, of which 100 are in no kernel. */
function recording(): Recording {
  const product = (path: string): Node =>
    atPath(path, () => ops.matMul(graphInput('a', ['batch', 100]), graphInput('b', [100, 50]))).node!;
  const nodes = new Map([
    ['block/dense/MatMul_0', product('block/dense')],
    ['hostile/MatMul_1', product(hostile)],
    ['block/dense.bwd/MatMul_2', product('block/dense.bwd')],
    ['update/block/dense/kernel/Mul_3', product('update/block/dense/kernel')],
  ]);
  const durations = [400, 200, 250, 50];
  const step = (i: number): Recording['steps'][number] => {
    let start = 1000 * i + 50;
    const kernels = [...nodes.keys()].map((node, k) => {
      const kernel = { node, op: 'MatMul', start, duration: durations[k]!, peakBytes: 1000 * k };
      start += durations[k]!;
      return kernel;
    });
    const begin = 10 * i;
    return {
      laps: [
        { part: 'data', start: begin, ms: 0.5 },
        { part: 'run', start: begin + 0.5, ms: 1.25 },
        { part: 'host', start: begin + 1.75, ms: 0.125 },
        { part: 'callbacks', start: begin + 1.875, ms: 0.125 },
      ],
      runs: [{ nodes, sizes: new Map([['batch', 10]]), run: { start: 1000 * i, duration: 1000, kernels } }],
    };
  };
  return {
    steps: [step(0), step(1)],
    warmup: 3,
    plainMs: [1.5, 1.7],
    placeOf,
    engine: `an engine ${hostile}`,
    processBytes: 123_400_000,
    stateBytes: 4321,
    matrixRate: 50,
  };
}

describe('what was recorded', () => {
  const profile = new StepProfile(recording());

  it('is added up', () => {
    expect(profile.stepMs).toBeCloseTo(2, 12);
    const parts = Object.fromEntries(profile.phases.map(({ phase, ms }) => [phase, Number(ms.toFixed(9))]));
    expect(parts).toEqual({ data: 0.5, forward: 0.6, backward: 0.25, update: 0.05, engine: 0.1, host: 0.375, callbacks: 0.125 });
    const dense = profile.layers.find(({ layer }) => layer === 'block/dense')!;
    expect(dense.ms).toBeCloseTo(0.7, 12);
    expect(dense.flops).toBe(3 * 2 * 10 * 100 * 50);
    expect(dense.rate).toBeCloseTo(300_000 / 0.7 / 1e6, 12);
    expect(profile.memory).toEqual({ process: 123_400_000, engine: 3000, state: 4321 });
    expect(profile.plainStepMs).toBeCloseTo(1.6, 12);
  });

  it('is printed without moving the cursor, as many rows as are wanted', () => {
    const text = profile.toText({ rows: 1 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text).toContain('123 MB at most in the process, 3.0 KB at most within a step, 4.3 KB of weights and optimizer');
    expect(text).toMatch(/^block\/dense +0\.400 +0\.250 +0\.050 +0\.700 +35\.0 % +0\.43$/m);
    expect(text).toMatch(/^and 1 more +0\.200 +10\.0 %$/m);
    expect(text).toMatch(/^together +2\.00 +100\.0 %$/m);
  });

  it('is nothing, where nothing ran', () => {
    const nothing = new StepProfile({ ...recording(), steps: [], plainMs: [] });
    expect(nothing).toMatchObject({ steps: 0, stepMs: 0, rate: undefined, kernels: [] });
    expect(nothing.toText()).toContain('0 steps');
    expect(nothing.toHtml()).toContain('<!doctype html>');
    expect(nothing.toTrace().traceEvents.every(({ ph }) => ph === 'M')).toBe(true);
  });
});

describe.runIf(existsSync(executablePath))('the page in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  it.each(['light', 'dark'] as const)(
    'shows all of a step, by mouse and by keyboard, and loads nothing: %s',
    async (colorScheme) => {
      const page = await browser.newPage({ viewport: { width: 1000, height: 800 }, colorScheme });
      const troubles: string[] = [];
      page.on('console', (message) => troubles.push(message.text()));
      page.on('pageerror', (error) => troubles.push(String(error)));
      page.on('dialog', (dialog) => {
        troubles.push(dialog.message());
        void dialog.dismiss();
      });
      page.on('request', ({ url }) => troubles.push(String(url)));
      await page.setContent(new StepProfile(recording()).toHtml({ title: hostile }));
      expect(await page.title()).toContain('</script>');
      expect(await page.locator('img').count()).toBe(0);

      const blocks = page.locator('#flame button');
      const labels = await blocks.evaluateAll((all) => all.map((block) => block.getAttribute('aria-label') ?? ''));
      expect(labels[0]).toBe('step: 2.00 ms, 100.0 % of the step');
      expect(labels).toContain('waiting for data: 0.500 ms, 25.0 % of the step');
      expect(labels).toContain(
        'forward › block › dense: 0.400 ms, 20.0 % of the step, 0.250 GFLOP/s (0.5 % of a product of matrices)',
      );
      expect(labels.some((label) => label.startsWith('forward › <'))).toBe(true);
      // Blocks are as wide as their share.
      const widths = await blocks.evaluateAll((all) => all.map((block) => block.getBoundingClientRect().width));
      expect(widths[labels.findIndex((label) => label.startsWith('forward:'))]! / widths[0]!).toBeCloseTo(0.3, 2);

      await page.hover('#flame button.backward');
      expect(await page.locator('#tip').textContent()).toContain('backward\n0.250 ms, 12.5 % of the step');
      const colours = await page.evaluate(() =>
        [document.body, document.querySelector('#tip')!].map((e) => getComputedStyle(e).backgroundColor),
      );
      expect(colours).toEqual(
        colorScheme === 'light' ? ['rgb(246, 247, 249)', 'rgb(27, 36, 48)'] : ['rgb(16, 20, 26)', 'rgb(230, 234, 240)'],
      );

      const focused = (): Promise<string> =>
        page.evaluate(() => document.activeElement?.getAttribute('aria-label')?.split(':')[0] ?? '');
      const after = async (...keys: string[]): Promise<string> => {
        for (const key of keys) await page.keyboard.press(key);
        return focused();
      };
      expect(await after('Tab')).toBe('step');
      expect(await after('ArrowDown')).toBe('waiting for data');
      expect(await after('ArrowRight')).toBe('forward');
      expect(await page.locator('#told').textContent()).toContain('forward: 0.600 ms');
      expect(await after('ArrowDown', 'ArrowDown')).toBe('forward › block › dense');
      expect(await after('ArrowUp', 'Enter')).toBe('forward › block'); // looks into it
      const wide = await page
        .locator('#flame button')
        .evaluateAll((all) => all.filter((b) => b.getBoundingClientRect().width > 800).length);
      expect(wide).toBe(5); // the step, forward, block, dense, its op
      expect(await after('Escape')).toBe('forward › block');
      expect(await after('Escape', 'Home')).toBe('step');
      expect(await page.locator('table').count()).toBe(3);
      expect(troubles).toEqual([]);
      await page.close();
    },
  );
});
