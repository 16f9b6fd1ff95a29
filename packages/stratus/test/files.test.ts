// A user's own files: what other tools wrote is read as it is, and what is broken is named.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { csv, type Dataset, jsonl, parquet, type Rejected, StratusError, textLines, tsv } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(path(name), content);
  return path(name);
};

/** Ten thousand rows by DuckDB, in each of its formats. */
const rows = 10_000;
beforeAll(async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const select = `SELECT i AS id, i / 8 AS x, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 7 END AS label, i % 2 = 0 AS even,
    'row "' || i || '", äß' AS name, DATE '2024-01-01' + (i % 300)::INT AS day FROM range(${rows}) t(i)`;
  await connection.run(`COPY (${select}) TO '${path('t.csv')}' (HEADER)`);
  await connection.run(`COPY (${select}) TO '${path('t.tsv')}' (HEADER, DELIMITER '\t')`);
  await connection.run(`COPY (${select}) TO '${path('t.parquet')}'`);
  await connection.run(`COPY (${select}) TO '${path('t.csv.gz')}' (HEADER)`);
  await connection.run(`COPY (${select}) TO '${path('t.jsonl')}' (FORMAT json)`);
  connection.closeSync();
});

const types = { id: 'int32', x: 'float32', label: 'float32', even: 'bool', name: 'string' } as const;
const want = (i: number) => ({
  id: i,
  x: i / 8,
  label: i % 10 === 0 ? Number.NaN : i % 7,
  even: i % 2 === 0,
  name: `row "${i}", äß`,
});

describe.each([
  ['csv', () => csv(path('t.csv'), { columns: types })],
  ['tsv', () => tsv(path('t.tsv'), { columns: types })],
  ['csv.gz', () => csv(path('t.csv.gz'), { columns: types })],
  ['parquet', () => parquet(path('t.parquet'), { columns: types })],
])('%s, as DuckDB writes it', (_, open) => {
  it('has every row, in order, with the types that were asked for', async () => {
    const records = await open().toArray();
    expect(records.length).toBe(rows);
    for (const i of [0, 1, 10, 4321, rows - 1]) expect(records[i]).toEqual(want(i));
    const typed: { readonly id: number; readonly name: string; readonly even: boolean } = records[0]!;
    expect(typed.id).toBe(0);
  });

  it('is read from any position, again and again', async () => {
    const data = open();
    const all = await data.toArray();
    for (const index of [1, 2047, 2048, 5000, rows - 1, rows]) expect(await data.toArray({ index })).toEqual(all.slice(index));
  });

  it('is cut into batches of columns', async () => {
    const sizes: number[] = [];
    let sum = 0;
    for await (const { id, x, name } of open().batch(3000)) {
      expect([id.dtype, x.dtype, name.dtype]).toEqual(['int32', 'float32', 'string']);
      sizes.push(x.shape[0]!);
      for (const n of id.data) sum += Number(n);
    }
    expect(sizes).toEqual([3000, 3000, 3000, 1000]);
    expect(sum).toBe((rows * (rows - 1)) / 2);
  });

  it('closes its files when reading stops early', async () => {
    for (let i = 0; i < 20; i++) expect(await open().take(1).toArray()).toEqual([want(0)]);
  });
});

describe('csv', () => {
  it('finds out what columns are, unless told', async () => {
    const [first, second] = await csv(path('t.csv')).take(2).toArray();
    expect(first).toEqual({ id: 0, x: 0, label: Number.NaN, even: 1, name: 'row "0", äß', day: '2024-01-01' });
    expect(second!['label']).toBe(1);
  });

  it('reads several files and patterns, one after the other', async () => {
    file('part-2.csv', 'a,b\n3,z\n');
    file('part-1.csv', 'a,b\n1,x\n2,y\n');
    const columns = { a: 'int32', b: 'string' } as const;
    const together = [
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
      { a: 3, b: 'z' },
    ];
    expect(await csv(path('part-*.csv'), { columns }).toArray()).toEqual(together);
    expect(await csv([path('part-1.csv'), path('part-2.csv')], { columns }).toArray()).toEqual(together);
    expect(await csv(file('odd [1].csv', 'a\n7\n')).toArray()).toEqual([{ a: 7 }]);
  });

  it.each([
    ['a byte order mark', '\uFEFFa,b\n1,2\n', {}, [{ a: 1, b: 2 }]],
    ['line ends of Windows', 'a,b\r\n1,2\r\n', {}, [{ a: 1, b: 2 }]],
    ['no line end at the end', 'a,b\n1,2', {}, [{ a: 1, b: 2 }]],
    [
      'quotes, separators and line ends in a field',
      'a,b\n"x ""y"", z",1\n"two\nlines",2\n',
      {},
      [
        { a: 'x "y", z', b: 1 },
        { a: 'two\nlines', b: 2 },
      ],
    ],
    [
      'what stands for nothing',
      'a,b\n?,x\nNA,\n',
      { missing: ['?', 'NA'], columns: { a: 'float32', b: 'string' } },
      [
        { a: Number.NaN, b: 'x' },
        { a: Number.NaN, b: '' },
      ],
    ],
    ['another separator', 'a;b\n1;2,5\n', { separator: ';' }, [{ a: 1, b: '2,5' }]],
    [
      'no header',
      '1,2\n3,4\n',
      { header: false },
      [
        { column0: 1, column1: 2 },
        { column0: 3, column1: 4 },
      ],
    ],
    ['only a header', 'a,b\n', {}, []],
    ['an empty file', '', {}, []],
    ['names with quotes', 'a "x",it\'s\n1,2\n', {}, [{ 'a "x"': 1, "it's": 2 }]],
    ['truth values', 'a\ntrue\nfalse\n', { columns: { a: 'bool' } }, [{ a: true }, { a: false }]],
    ['large whole numbers', 'a\n9007199254740993\n', { columns: { a: 'string' } }, [{ a: '9007199254740993' }]],
  ] as const)('reads %s', async (name, content, options, records) => {
    const data = csv(file(`${name.replaceAll(/\W/g, '_')}.csv`, content), options as object);
    expect(await data.toArray()).toEqual(records);
  });

  it('reads other encodings', async () => {
    const latin = Uint8Array.from([...'a\n'].map((c) => c.charCodeAt(0)).concat([0xe4, 0x0a]));
    expect(await csv(file('latin.csv', latin), { encoding: 'latin-1' }).toArray()).toEqual([{ a: 'ä' }]);
  });

  const bad: readonly [string, string | Uint8Array, object, RegExp][] = [
    [
      'too many fields',
      'a,b\n1,2\n3,4,5\n',
      {},
      /bad-0\.csv is damaged: line 3: Expected Number of Columns: 2 Found: 3.*'3,4,5'/s,
    ],
    ['too few fields', 'a,b\n1,2\n3\n', {}, /line 3: Expected Number of Columns: 2 Found: 1/],
    [
      'another type',
      'a,b\n1,2\nx,3\n',
      { columns: { a: 'float32' } },
      /line 3: .*column "a".*Could not convert string "x".*onError: 'skip'/s,
    ],
    ['another type, late', `a\n${'1\n'.repeat(30_000)}x\n`, {}, /line 30002: .*column "a".*"x"/s],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xff, 0xfe]), Buffer.from('\n')]),
      {},
      /line 2: .*not utf-8/s,
    ],
    ['a quote that is never closed', 'a,b\n"x,2\n3,4\n', {}, /a quote may be open/],
    ['a line without an end', `a,b\n${'x'.repeat(20_000_000)},2\n`, {}, /Maximum line size/],
    ['two columns of one name', 'a,b,a\n1,2,3\n', {}, /two columns are called 'a'/],
    [
      'a missing whole number',
      'a,b\n1,2\n,3\n',
      { columns: { a: 'int32' } },
      /record 1 has no value of type int32 in the column 'a'/,
    ],
    ['a fraction for a whole number', 'a\n1\n2.5\n', { columns: { a: 'int32' } }, /record 1 has no value of type int32/],
    ['a number that is too large', 'a\n1\n3e9\n', { columns: { a: 'int32' } }, /record 1 has no value of type int32/],
    ['a column that is not there', 'age\n1\n', { columns: { agee: 'float32' } }, /no column of csv named 'agee'/],
  ];
  it.each(bad.map((entry, i) => [i, ...entry] as const))(
    '%i: says what is wrong with %s',
    async (i, _, content, options, message) => {
      const read = csv(file(`bad-${i}.csv`, content), options).toArray();
      await expect(read).rejects.toSatisfy(StratusError.is);
      await expect(read).rejects.toThrow(message);
    },
  );

  it('leaves out what cannot be read, and says so, if that is wanted', async () => {
    const skipped: Rejected[] = [];
    const data = csv(file('some-bad.csv', 'a,b\n1,2\n3,4,5\nx,6\n7,8\n'), {
      columns: { a: 'float32', b: 'float32' },
      onError: 'skip',
      onSkip: (lines) => skipped.push(...lines),
    });
    expect(await data.toArray()).toEqual([
      { a: 1, b: 2 },
      { a: 7, b: 8 },
    ]);
    expect(skipped.map(({ line, column }) => [line, column])).toEqual([
      [3, undefined],
      [4, 'a'],
    ]);
    expect(skipped[1]!.reason).toMatch(/Could not convert string "x"/);
  });

  it.each([
    ['a file that is not there', () => csv(path('nothing.csv')), 'file-not-found'],
    ['a pattern that fits nothing', () => csv(path('nothing-*.csv')), 'file-not-found'],
    ['a folder', () => csv(folder), 'bad-value'],
  ])('names %s when it is read', async (_, open, code) => {
    await expect(open().toArray()).rejects.toMatchObject({ code });
  });

  it.each([
    ['an option', () => csv('x', { seperator: ';' } as never), /Did you mean 'separator'/],
    ['a type', () => csv('x', { columns: { a: 'float' as never } }), /type of column.*'float'/],
    ['onError', () => csv('x', { onError: 'ignore' as never }), /onError = ignore/],
    ['parquet', () => parquet('x', { column: {} } as never), /Did you mean 'columns'/],
    ['jsonl', () => jsonl('x', { onError: 'no' as never }), /onError = no/],
    ['lines', () => textLines('x', { longestLine: 0 }), /longestLine = 0/],
    ['no columns', () => csv('x', { columns: {} }), /at least one column/],
  ])('refuses %s', (_, open, message) => {
    expect(open).toThrow(message);
  });

  it('notices a file that grows while it is read', async () => {
    const name = file('grows.csv', `a\n${'1\n'.repeat(200_000)}`);
    let grown = false;
    const reading = (async () => {
      for await (const _ of csv(name)) {
        if (!grown) appendFileSync(name, '2\n');
        grown = true;
      }
    })();
    await expect(reading).rejects.toThrow(/grows\.csv is damaged: it was changed while it was read/);
  });

  it('stops at an abort', async () => {
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of csv(path('t.csv')).pass({ signal: stop.signal })) stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('csv, where something can go wrong silently', () => {
  it('keeps columns apart whose names are numbers', async () => {
    const numbers = file('numbers.csv', 'label,2,1\n7,20,10\n');
    expect(await csv(numbers).toArray()).toEqual([{ label: 7, '2': 20, '1': 10 }]);
    expect(await csv(numbers, { columns: { 2: 'float32', label: 'int32' } }).toArray()).toEqual([{ label: 7, '2': 20 }]);
  });

  it('keeps fractions that come late, or in another file', async () => {
    const late = await csv(file('late.csv', `a\n${'1\n'.repeat(30_000)}1.5\n0.25\n`)).toArray({ index: 30_000 });
    expect(late).toEqual([{ a: 1.5 }, { a: 0.25 }]);
    file('whole-1.csv', 'a\n1\n');
    file('whole-2.csv', 'a\n1.5\n');
    expect(await csv(path('whole-*.csv')).toArray()).toEqual([{ a: 1 }, { a: 1.5 }]);
    expect(
      await csv(file('near.csv', 'a\n1.9999999999\n'), { columns: { a: 'int64' } })
        .toArray()
        .catch((e: Error) => e.message),
    ).toMatch(/record 0 has no value of type int64/);
  });

  it('reads dates as they are written', async () => {
    expect(await csv(file('dates.csv', 'day,x\n12/31/2020,1\n31.12.2020,2\n')).toArray()).toEqual([
      { day: '12/31/2020', x: 1 },
      { day: '31.12.2020', x: 2 },
    ]);
  });

  it('notices a compressed file that is cut off', async () => {
    const whole = gzipSync(`a,b\n${Array.from({ length: 50_000 }, (_, i) => `${i},${i * 7919}`).join('\n')}\n`);
    await expect(csv(file('cut.csv.gz', whole.subarray(0, whole.length / 2))).toArray()).rejects.toThrow(
      /cut\.csv\.gz is damaged: it is no whole gzip file/,
    );
    expect((await csv(file('whole.csv.gz', whole)).toArray()).length).toBe(50_000);
  });

  it('takes a file with a pattern for a name as it is', async () => {
    file('z1.csv', 'a\n1\n');
    expect(await csv(file('z[1].csv', 'a\n99\n')).toArray()).toEqual([{ a: 99 }]);
    file('ab.csv', 'a\n1\n');
    expect(await csv(file('a*.csv', 'a\n98\n')).toArray()).toEqual([{ a: 98 }]);
  });

  it('takes no folder for a column', async () => {
    mkdirSync(path('lr=0.1'));
    expect(await csv(file('lr=0.1/m.csv', 'a,b\n1,2\n')).toArray()).toEqual([{ a: 1, b: 2 }]);
  });

  it('has columns of any name', async () => {
    const data = csv(file('reserved.csv', 'length,split,take\n1,2,3\n4,5,6\n'));
    expect(await data.toArray()).toEqual([
      { length: 1, split: 2, take: 3 },
      { length: 4, split: 5, take: 6 },
    ]);
    expect((await data.batch(2).toArray())[0]!['length']!.toArray()).toEqual([1, 4]);
    const wide = Array.from({ length: 12 }, (_, i) => i).join(',');
    expect(Object.keys((await csv(file('wide.csv', `${wide}\n`), { header: false }).toArray())[0]!)).toEqual(
      Array.from({ length: 12 }, (_, i) => `column${i}`),
    );
    await expect(csv(file('case.csv', 'x,X\n1,2\n')).toArray()).rejects.toThrow(/two columns are called 'x'/);
  });

  it('leaves out rows whose values do not fit, where that is wanted', async () => {
    const out: Rejected[] = [];
    const data = csv(file('misfits.csv', 'a,b\n1,2\n1.5,3\n,4\n5,6\n'), {
      columns: { a: 'int32', b: 'int32' },
      onError: 'skip',
      onSkip: (rows) => out.push(...rows),
    });
    expect(await data.toArray()).toEqual([
      { a: 1, b: 2 },
      { a: 5, b: 6 },
    ]);
    expect(out.map(({ record, column }) => [record, column])).toEqual([
      [1, 'a'],
      [2, 'a'],
    ]);
    expect(await data.toArray({ index: 1 })).toEqual([{ a: 5, b: 6 }]);
  });

  it('keeps large whole numbers through a shuffle, or says that it cannot', async () => {
    const ids = csv(file('ids.csv', 'id\n16777217\n16777219\n'), { columns: { id: 'int64' } });
    expect((await ids.batch(2).toArray())[0]!.id.toArray()).toEqual([16777217, 16777219]);
    await expect(ids.shuffle(1).batch(2).toArray()).rejects.toThrow(
      /at id: got 167772\d\d in record \d, expected what float32 can hold.*dtypes: \{ 'id': 'float64' \}/,
    );
    const kept = ids.shuffle(1).batch(2, { dtypes: { id: 'int64' } });
    expect(((await kept.toArray())[0]!.id.toArray() as number[]).toSorted()).toEqual([16777217, 16777219]);
  });
});

describe('parquet', () => {
  it('reads a column that is wider in one file than in another', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(`COPY (SELECT 1::BIGINT AS v) TO '${path('p1.parquet')}'`);
    await connection.run(`COPY (SELECT unnest([1.5, 0.4])::DOUBLE AS v) TO '${path('p2.parquet')}'`);
    expect(await parquet([path('p1.parquet'), path('p2.parquet')]).toArray()).toEqual([{ v: 1 }, { v: 1.5 }, { v: 0.4 }]);
    await connection.run(`COPY (SELECT true AS flag, '7' AS text) TO '${path('p3.parquet')}'`);
    expect(await parquet(path('p3.parquet'), { columns: { flag: 'int32', text: 'int32' } }).toArray()).toEqual([
      { flag: 1, text: 7 },
    ]);
    connection.closeSync();
  });

  it.each([
    ['a truncated file', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 100)],
    ['a file without its middle', (bytes: Uint8Array) => Buffer.concat([bytes.subarray(0, 1000), bytes.subarray(5000)])],
    ['an empty file', () => new Uint8Array(0)],
    ['something else', () => Buffer.from('hello, this is no Parquet file at all')],
  ])('says what is wrong with %s', async (name, spoil) => {
    const broken = file(`${name}.parquet`, spoil(readFileSync(path('t.parquet'))));
    const read = parquet(broken).toArray();
    await expect(read).rejects.toMatchObject({ code: 'corrupt' });
    await expect(read).rejects.toThrow(broken);
  });
});

describe('jsonl', () => {
  it('reads what DuckDB writes', async () => {
    const records = (await jsonl(path('t.jsonl')).toArray()) as Record<string, unknown>[];
    expect(records.length).toBe(rows);
    expect(records[11]).toEqual({ id: 11, x: 1.375, label: 4, even: false, name: 'row "11", äß', day: '2024-01-12' });
    expect(records[10]!['label']).toBeNull();
  });

  it('keeps nested values, skips empty lines, takes .gz, any line end and a byte order mark', async () => {
    const content = '\uFEFF{"t":"a","n":[1,2]}\r\n\r\n{"t":"b","n":[]}';
    const both = [
      { t: 'a', n: [1, 2] },
      { t: 'b', n: [] },
    ];
    expect(await jsonl(file('nested.jsonl', content)).toArray()).toEqual(both);
    expect(await jsonl(file('nested.jsonl.gz', gzipSync(content))).toArray()).toEqual(both);
    const batches = jsonl<{ t: string; n: number[] }>(path('nested.jsonl')).batch(2, { padding: { n: 'post' } });
    expect((await batches.toArray())[0]!.n.toArray()).toEqual([
      [1, 2],
      [0, 0],
    ]);
  });

  const schema = z.object({ text: z.string(), stars: z.number() });
  const mixed = '{"text":"a","stars":1}\nnot json\n{"text":"b","stars":"two"}\n{"text":"c","stars":3}\n';
  it('holds records to a schema, which gives them their types', async () => {
    const data: Dataset<{ text: string; stars: number }> = jsonl(file('good.jsonl', mixed.split('\n')[0]!), { schema });
    expect(await data.toArray()).toEqual([{ text: 'a', stars: 1 }]);
    await expect(jsonl(file('mixed.jsonl', mixed), { schema }).toArray()).rejects.toThrow(
      /mixed\.jsonl is damaged: line 2: it is no JSON/,
    );
    const stars = jsonl(file('stars.jsonl', mixed.replace('not json\n', '')), { schema }).toArray();
    await expect(stars).rejects.toThrow(/line 2: stars: .*expected number, received string/);
  });

  it('leaves out what cannot be read, and says so, if that is wanted', async () => {
    const skipped: Rejected[] = [];
    const data = jsonl(file('skip.jsonl', mixed), { schema, onError: 'skip', onSkip: (line) => skipped.push(line) });
    expect((await data.toArray()).map(({ text }) => text)).toEqual(['a', 'c']);
    expect(skipped.map(({ line }) => line)).toEqual([2, 3]);
  });
});

describe('jsonl and schemas', () => {
  it('takes schemas that are functions as well', async () => {
    const schema = Object.assign(() => ({ wrong: true }), {
      '~standard': {
        validate: (value: unknown) =>
          (value as { a: unknown }).a === 1 ? { value: { a: 1 } } : { issues: [{ message: 'a must be 1' }] },
      },
    });
    const data = jsonl(file('arks.jsonl', '{"a":1}\n{"a":2}\n'), { schema: schema as never });
    await expect(data.toArray()).rejects.toThrow(/line 2: a must be 1/);
    expect(await data.take(1).toArray()).toEqual([{ a: 1 }]);
  });
});

describe('textLines', () => {
  it('reads lines of any kind', async () => {
    expect(await textLines(file('lines.txt', 'one\r\n\ntwo ä\nlast')).toArray()).toEqual(['one', '', 'two ä', 'last']);
    expect(await textLines(file('empty.txt', '')).toArray()).toEqual([]);
    const long = Array.from({ length: 5000 }, (_, i) => `${i} ${'x'.repeat(i % 300)}`); // longer than what is read at a time
    expect(await textLines(file('long.txt', `${long.join('\n')}\n`)).toArray()).toEqual(long);
    expect(await textLines(path('long.txt')).toArray({ index: 4990 })).toEqual(long.slice(4990));
  });

  it.each([
    ['no UTF-8', Buffer.from([0x61, 0x0a, 0xff, 0x0a]), {}, /line 2 is not UTF-8/],
    ['a line without an end', 'x'.repeat(3000), { longestLine: 1000 }, /line 1 is longer than 1000 bytes/],
    ['a line that is too long', `ok\n${'x'.repeat(3000)}\n`, { longestLine: 1000 }, /line 2 is longer than 1000 bytes/],
  ])('says where there is %s', async (name, content, options, message) => {
    await expect(textLines(file(`${name}.txt`, content), options).toArray()).rejects.toThrow(message);
  });

  it('names a .gz file that is cut off', async () => {
    const whole = gzipSync(Array.from({ length: 5000 }, (_, i) => `line ${i * 7919}`).join('\n'));
    const read = textLines(file('cut.txt.gz', whole.subarray(0, whole.length / 2))).toArray();
    await expect(read).rejects.toMatchObject({ code: 'corrupt' });
    await expect(read).rejects.toThrow(/cut\.txt\.gz.*no whole gzip file/);
    await expect(textLines(file('no.gz', 'plain text')).toArray()).rejects.toThrow(/no whole gzip file/);
  });
});
