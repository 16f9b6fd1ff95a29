// What is said of a data set: the figures, the hints, the text, the page, the command.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csv, dataset, jsonl, type Profile, parquet, profile, StratusError, table, tensor } from '../src/index.ts';
import { stratus } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const hostile = `<script>alert("x")</script>`;

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
  } catch (e) {
    if (StratusError.is(e)) return e.code;
    throw e;
  }
  return 'no error';
};
const hintsOf = (found: Profile): Record<string, readonly string[]> =>
  Object.fromEntries(found.hints.map(({ code, columns }) => [code, columns]));

const rows = 12_000;
beforeAll(async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`CREATE TABLE houses AS
    SELECT i AS id, i % 100 AS price, CASE WHEN i % 10 < 3 THEN NULL ELSE i % 7 END AS rating,
      CASE WHEN i % 1000 = 0 THEN 1e6 ELSE i % 50 END AS spikes, 'same' AS always, (i % 100) AS price_again,
      (i % 100) * 2 + (i % 3) / 3.0 AS twice, CASE WHEN i % 20 = 0 THEN 'rare' ELSE 'usual' END AS class,
      'x' || i AS code, DATE '2020-01-01' + (i % 300)::INT AS day, '€' || i AS money, '${hostile}' || (i % 3) AS "${hostile.replaceAll('"', '""')}"
    FROM range(${rows}) t(i)`);
  await connection.run(`COPY houses TO '${at('houses.csv')}' (HEADER)`);
  await connection.run(`COPY houses TO '${at('houses.parquet')}'`);
  connection.closeSync();
});

describe('a profile', () => {
  it('counts, and says what columns are, from files that others wrote', async () => {
    for (const data of [csv(at('houses.csv')), parquet(at('houses.parquet'))]) {
      const found = await profile(data, { target: 'class' });
      expect(found.rows).toBe(rows);
      expect(found.columns.length).toBe(12);
      const rating = found.column('rating');
      expect([rating.kind, rating.count, rating.missing, rating.distinct]).toEqual(['number', 8400, 3600, 7]);
      const price = found.column('price');
      expect([price.mean, price.minimum, price.maximum, price.distinct]).toEqual([expect.closeTo(49.5, 9), 0, 99, 100]);
      expect(price.standardDeviation).toBeCloseTo(Math.sqrt((100 ** 2 - 1) / 12), 9);
      expect(price.quantiles!['0.5']).toBeCloseTo(49.5, 6);
      expect(price.histogram!.counts.reduce((a, b) => a + b)).toBe(rows);
      // Every number comes as often as any other, so full bars are equally high.
      expect(new Set(price.histogram!.counts.slice(0, -1)).size).toBe(1);
      expect(found.column('spikes').outliers).toMatchObject({ count: 12, exact: true });
      expect(found.column('class').top).toEqual([
        { value: 'usual', count: 11_400 },
        { value: 'rare', count: 600 },
      ]);
      expect(hintsOf(found)).toMatchObject({
        imbalanced: ['class'],
        'many-missing': ['rating'],
        constant: ['always'],
        duplicated: ['price', 'price_again'],
        correlated: ['price', 'twice'],
        'dates-as-text': ['day'],
      });
      expect(found.hints.filter(({ code }) => code === 'identifier').flatMap(({ columns }) => columns)).toEqual([
        'id',
        'code',
        'money',
      ]);
    }
  });

  it('is the same of records, of tables and of chunks of any size', async () => {
    const x = Float64Array.from({ length: 9000 }, (_, i) => Math.sin(i) * 10);
    const y = Array.from({ length: 9000 }, (_, i) => `v${i % 5}`);
    const whole = await profile(dataset(table({ x: tensor(x, { dtype: 'float64' }), y: tensor(y) })));
    const records = await profile(dataset(Array.from(x, (own, i) => ({ x: own, y: y[i] }))));
    const stream = await profile(
      dataset(async function* () {
        for (let i = 0; i < x.length; i++) yield { x: x[i], y: y[i] };
      }),
    );
    expect(records.toJSON()).toEqual(whole.toJSON());
    expect(stream.column('x').count).toBe(9000);
    expect(stream.column('x').mean).toBeCloseTo(whole.column('x').mean!, 9);
    expect(stream.column('y')).toEqual(whole.column('y'));
  });

  it('has the correlations that the formula gives, where both columns have a number', async () => {
    const n = 6000;
    const a = Array.from({ length: n }, (_, i) => 1e9 + Math.sin(i * 12.9898) * 10);
    const b = a.map((x, i) => (i % 7 === 0 ? Number.NaN : (x - 1e9) * -2 + Math.sin(i * 78.233) * 20));
    const { correlation } = await profile(dataset(a.map((x, i) => ({ a: x, b: b[i]!, c: 4 }))));
    const both = a.flatMap((x, i) => (Number.isNaN(b[i]!) ? [] : [[x - 1e9, b[i]!] as const]));
    const mean = (of: (pair: readonly [number, number]) => number): number =>
      both.reduce((sum, pair) => sum + of(pair), 0) / both.length;
    const [ma, mb] = [mean(([x]) => x), mean(([, y]) => y)];
    const wanted =
      mean(([x, y]) => (x - ma) * (y - mb)) / Math.sqrt(mean(([x]) => (x - ma) ** 2) * mean(([, y]) => (y - mb) ** 2));
    expect(correlation.names).toEqual(['a', 'b', 'c']);
    expect(correlation.matrix[0]![1]).toBeCloseTo(wanted, 6);
    expect(correlation.matrix[1]![0]).toBe(correlation.matrix[0]![1]);
    expect(correlation.matrix[0]![2]).toBeNaN(); // what is constant goes with nothing
  });

  it('takes records of any form: fields that come and go, lists, objects, none at all', async () => {
    writeFileSync(
      at('odd.jsonl'),
      ['{"a":1}', '{"b":[1,2,3]}', '{"a":null,"c":{"deep":true}}', '{"a":"x","__proto__":5}', '7', '[1,"q"]'].join('\n'),
    );
    const found = await profile(jsonl(at('odd.jsonl')));
    expect(found.rows).toBe(6);
    expect(found.columns.map(({ name }) => name)).toEqual(['a', 'b', 'c', '__proto__', 'value']);
    expect([found.column('a').kind, found.column('a').count, found.column('a').missing]).toEqual(['mixed', 2, 4]);
    expect([found.column('b').mean, found.column('c').top[0]!.value]).toEqual([2, '{"deep":true}']);
    const images = await profile(dataset({ image: tensor(new Uint8Array(40).fill(3), { shape: [10, 2, 2] }) }));
    expect(images.column('image')).toMatchObject({ shape: [2, 2], count: 40, mean: 3 });
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect((await profile(dataset([{ circle, big: 2n, when: new Date(0), not: Number.POSITIVE_INFINITY }]))).rows).toBe(1);
  });

  it('keeps within bounds, whatever a stranger sends', async () => {
    const wide = await profile(
      dataset(Array.from({ length: 30 }, (_, i) => Object.fromEntries(Array.from({ length: 100 }, (__, j) => [`${i} ${j}`, j])))),
    );
    expect([wide.columns.length, wide.columnsLeftOut]).toEqual([1000, 1000]);
    expect(wide.correlation.names.length).toBe(24);
    expect(wide.toText()).toContain('columns more');
    const values = [
      hostile,
      '\u001b[31mred\u001b[0m\nnext line',
      'a\u202eb',
      '\ud800',
      'x'.repeat(100_000),
      "' onmouseover='alert(1)",
    ];
    const found = await profile(dataset(values.map((text) => ({ [text]: text, t: text }))), { title: hostile, target: 't' });
    const page = found.toHtml();
    for (const never of ['<script', "onmouseover='", '\u001b', '\u202e', '\ud800']) expect(page).not.toContain(never);
    expect(page).toContain('&lt;script&gt;');
    expect(page.length).toBeLessThan(40_000);
    const text = found.toText();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(found.toText({ colors: true })).toContain('\u001b[1m');
    for (const line of found.toText({ width: 100 }).split('\n')) expect(line.length).toBeLessThan(140);
  });

  it('gives plain data, and the same as JSON', async () => {
    const found = await profile(csv(at('houses.csv')), { target: 'class' });
    const json = JSON.parse(JSON.stringify(found)) as Record<string, unknown>;
    expect(Object.keys(json)).toEqual(['title', 'rows', 'target', 'columns', 'correlation', 'hints', 'columnsLeftOut']);
    expect((json['columns'] as unknown[]).length).toBe(12);
  });

  it('refuses what it cannot do', async () => {
    const one = dataset([{ kind: 1 }]);
    expect(await codeOf(() => profile(one, { target: 'kinds' }))).toBe('unknown-name');
    expect(await codeOf(() => profile(one, { titel: 'x' } as object))).toBe('unknown-name');
    expect(await codeOf(() => profile(dataset([])))).toBe('bad-value');
    expect(await codeOf(() => profile(one, { signal: AbortSignal.abort() }))).toBe('aborted');
    expect(await codeOf(async () => (await profile(one)).column('k'))).toBe('unknown-name');
  });
});

describe('hints', () => {
  const of = async (values: readonly unknown[]): Promise<string[]> =>
    (await profile(dataset(values.map((x) => ({ x }))))).hints.map(({ code }) => code);
  const many = (make: (i: number) => unknown): unknown[] => Array.from({ length: 200 }, (_, i) => make(i));

  it('say what each is for, and nothing without reason', async () => {
    expect(await of(many((i) => Math.sin(i)))).toEqual([]);
    expect(await of(many((i) => i % 5))).toEqual([]);
    expect(await of(many(() => 'a'))).toEqual(['constant']);
    expect(await of(many(() => null))).toEqual(['empty-column']);
    expect(await of(many((i) => `${i % 30}.5`))).toEqual(['numbers-as-text']);
    expect(await of(many((i) => `user-${i}`))).toEqual(['identifier']);
    expect(await of(many((i) => i + 1000))).toEqual(['identifier']);
    expect(await of(many((i) => i * i * 1000))).toEqual([]);
    expect(await of(many((i) => `a whole sentence, number ${i}`))).toEqual([]);
    expect(await of(many((i) => (i % 4 === 0 ? undefined : i % 9)))).toEqual(['many-missing']);
    expect(await of(many((i) => (i === 7 ? Number.NEGATIVE_INFINITY : i % 9)))).toEqual(['infinite']);
    expect(await of(many((i) => (i % 10 === 0 ? 1000 + i : i % 9)))).toEqual(['outliers']);
    expect(await of(many((i) => (i % 2 === 0 ? i % 8 : `t${i % 8}`)))).toEqual(['mixed']);
  });
});

const executablePath = process.env['STRATUS_CHROMIUM'] ?? '/usr/bin/chromium';
describe.skipIf(!existsSync(executablePath))('the page in Chromium', () => {
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  it('runs nothing, loads nothing, fits every width, and follows light and dark', async () => {
    const found = await profile(csv(at('houses.csv')), { target: 'class', title: hostile });
    writeFileSync(at('page.html'), found.toHtml());
    browser = await chromium.launch({ executablePath });
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('dialog', (dialog) => {
      said.push('a dialog');
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => void said.push(String(error)));
    page.on('console', (message) => void said.push(message.text()));
    page.on('request', (request) => void (request.url().endsWith('page.html') || said.push(request.url())));
    await page.goto(pathToFileURL(at('page.html')).href);
    const colors: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      colors.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
    }
    expect(new Set(colors).size).toBe(2);
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
    expect(await page.locator('article').count()).toBe(12);
    expect(await page.locator('h1').textContent()).toBe(hostile);
    expect(said).toEqual([]);
  });
});

describe('stratus data profile', () => {
  it('says what is in a file, writes a page, and answers programs', async () => {
    const html = at('houses.html');
    const text = await stratus(['data', 'profile', at('houses.csv'), '--target', 'class', '--html', html]);
    expect(text).toMatchObject({ code: 0 });
    expect(text.stdout).toMatch(/houses\.csv {2}12 000 rows, 12 columns/);
    expect(text.stdout).toContain('worth a look');
    expect(text.stderr).toContain('houses.html');
    expect(readFileSync(html, 'utf8')).toContain('<!doctype html>');
    const json = await stratus(['data', 'profile', at('houses.parquet'), '--json']);
    expect(json.stderr).toBe('');
    expect(JSON.parse(json.stdout)).toMatchObject({ rows, title: 'houses.parquet' });
  });

  it('answers mistakes in a sentence', async () => {
    expect(await stratus(['data', 'profile', at('houses.xls')])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('csv'),
    });
    expect(await stratus(['data', 'profile', at('none.csv')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none.csv was not found'),
    });
    const lost = await stratus(['data', 'profile', at('houses.csv'), '--html', at('no/such/folder.html')]);
    expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('Writing')]);
  });

  const real = process.env['STRATUS_DATA'] ? join(process.env['STRATUS_DATA'], 'tabular') : undefined;
  it.skipIf(!real || !existsSync(real))('reads iris and digits (STRATUS_DATA)', async () => {
    const iris = await profile(csv(join(real!, 'iris.csv')));
    expect([iris.rows, iris.columns.length]).toEqual([150, 5]);
    // numpy.corrcoef of the length and the width of petals.
    expect(iris.correlation.matrix[3]![2]).toBeCloseTo(0.9628654, 6);
    const digits = await profile(csv(join(real!, 'digits.csv.gz'), { header: false }), { target: 'column64' });
    expect([digits.rows, digits.columns.length, digits.column('column64').distinct]).toEqual([1797, 65, 10]);
    expect(digits.hints.filter(({ code }) => code === 'constant').flatMap(({ columns }) => columns)).toEqual([
      'column0',
      'column32',
      'column39',
    ]);
  });
});
