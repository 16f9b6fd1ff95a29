import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson, writeResponse } from '../src/serve/json.ts';
import { failure } from './serving.ts';

/** Long enough to be read in pieces. */
const padding = ' '.repeat(70_000);

describe('readJson', () => {
  it('reads what JSON.parse reads, short or long', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const want: unknown = JSON.parse(text);
        const plain = (x: unknown): unknown =>
          JSON.parse(JSON.stringify(x, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v)));
        expect(plain(await readJson(text))).toEqual(plain(want));
        expect(plain(await readJson(padding + text))).toEqual(plain(want));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what JSON.parse refuses, short or long', async () => {
    const wrong = [
      '',
      '[',
      '{',
      '[1',
      '[1,',
      '[1,]',
      '[,1]',
      '[1 2]',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{a:1}',
      '"',
      '"a',
      '"\\',
      'nul',
      '01',
      '1.',
      '+1',
      '.5',
      '0x1',
      'NaN',
      '[NaN]',
      '[Infinity]',
      '1 2',
      '[]]',
      '{}}',
      '[1}',
      '{"a":1]',
      '"\u0001"',
      "['a']",
      '[[1],]',
      '["a",]',
      '[[1] [2]]',
      '\ufeff1',
    ];
    for (const text of wrong) {
      for (const whole of [text, padding + text]) {
        const e = await failure(readJson(whole));
        expect([e.code, e.message], text).toEqual(['bad-request', expect.stringContaining('not valid JSON')]);
      }
    }
    await fc.assert(
      fc.asyncProperty(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ',', ']', '}', '"', '[', '{', ':', '1', 'x'),
        async (text, at, mark) => {
          const cut = at % (text.length + 1);
          const mutated = text.slice(0, cut) + mark + text.slice(cut + 1);
          const ours = await readJson(padding + mutated).then(
            () => true,
            () => false,
          );
          const native = await Promise.resolve()
            .then(() => JSON.parse(mutated) as unknown)
            .then(
              () => true,
              () => false,
            );
          expect(ours, mutated).toBe(native);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('cuts long lists at commas only', async () => {
    const numbers = Array.from({ length: 100_000 }, (_, i) => ((i * 7919) % 1000) - 500 + (i % 3) / 7);
    expect(await readJson(JSON.stringify({ data: numbers, more: [numbers.slice(0, 5)] }))).toEqual({
      data: numbers,
      more: [numbers.slice(0, 5)],
    });
    for (const broken of ['[1,,2]', '[1,2,]', '[,1,2]']) {
      const body = `[${'1,'.repeat(60_000)}${broken.slice(1, -1)}]`;
      expect((await failure(readJson(body))).code, broken).toBe('bad-request');
    }
    expect((await failure(readJson(`[${'1,'.repeat(60_000)}]`))).code).toBe('bad-request');
    expect((await failure(readJson(`[${' '.repeat(70_000)},1]`))).code).toBe('bad-request');
  });

  it('keeps whole numbers exact, wherever they are', async () => {
    const big = '9007199254740993';
    const want = 9007199254740993n;
    expect(await readJson(big)).toBe(want);
    expect(await readJson(`[-${big}, 1, 2.5, null]`)).toEqual([-want, 1, 2.5, null]);
    expect(await readJson(`[[${big}],["x",${big}]]`)).toEqual([[want], ['x', want]]);
    expect(await readJson(`{"a":${big},"b":"${big}"}`)).toEqual({ a: want, b: big });
    expect(await readJson(`[${'1,'.repeat(60_000)}${big}]`)).toEqual([...new Array<number>(60_000).fill(1), want]);
    expect(await readJson('[1234567890123456, 0.1000000000000000055, 1e300, 12345678901234567890.5]')).toEqual([
      1234567890123456, 0.1, 1e300, 12345678901234567890.5,
    ]);
    // More digits than any datatype has are a double, as JSON has it: making a bigint of a million digits would take minutes.
    expect(await readJson(`[${'9'.repeat(100_000)}]`)).toEqual([Number.POSITIVE_INFINITY]);
  });

  it('refuses bombs', async () => {
    expect((await failure(readJson('['.repeat(5_000_000)))).message).toContain('nests deeper');
    expect((await failure(readJson('['.repeat(100_000) + ']'.repeat(100_000)))).message).toContain('nests deeper than 32 levels');
    expect((await failure(readJson('{"a":'.repeat(100_000)))).message).toContain('nests deeper');
    expect((await failure(readJson(`[${'{},'.repeat(100_000)}{}]`))).message).toContain('more than 10000 objects');
    expect(await readJson(`${padding}{"__proto__":{"polluted":true}}`)).not.toHaveProperty('polluted');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('reads long texts of every kind as JSON.parse does', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => [i, [i / 3, []], [[i], [[-1 - i]]]]);
    const values = [
      rows,
      rows.map((row) => ({ row })),
      rows.map((row) => [String(row[0]), row]),
      [[rows]],
      { a: rows, b: { c: [rows, 'x', rows] } },
    ];
    for (const value of values) expect(await readJson(JSON.stringify(value))).toEqual(value);
    expect(await readJson(JSON.stringify(values, null, 2))).toEqual(values);
    const text = JSON.stringify(rows);
    for (const at of [10, 1000, 66_000]) {
      for (const mark of [']', '[', ',', '}', '"']) {
        expect((await failure(readJson(text.slice(0, at) + mark + text.slice(at)))).code, `${at} ${mark}`).toBe('bad-request');
      }
    }
  });

  it('lets the event loop turn', async () => {
    const text = JSON.stringify(Array.from({ length: 300_000 }, (_, i) => [i + 0.5, i]));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await readJson(text);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('writeResponse', () => {
  it('writes what JSON.stringify writes, and whole numbers exactly', async () => {
    const data = Array.from({ length: 20_000 }, (_, i) => (i % 5 === 0 ? null : i / 3));
    const response = {
      model_name: 'm',
      model_version: '1',
      id: 'a"b',
      parameters: { p: 1, q: 'x' },
      outputs: [
        { name: 'y', datatype: 'FP32', shape: [20_000], data },
        { name: 'z', datatype: 'BOOL', shape: [0], data: [] },
      ],
    };
    expect(JSON.parse(await writeResponse(response))).toEqual(response);
    expect(
      await writeResponse({
        model_name: 'm',
        model_version: '1',
        parameters: { big: 2n ** 63n },
        outputs: [{ name: 'y', datatype: 'INT64', shape: [3], data: [1, 2n ** 62n, -(2n ** 62n)] }],
      }),
    ).toBe(
      '{"model_name":"m","model_version":"1","parameters":{"big":9223372036854775808},"outputs":[{"name":"y","datatype":"INT64","shape":[3],"data":[1,4611686018427387904,-4611686018427387904]}]}',
    );
  });
});
