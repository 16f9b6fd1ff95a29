// Files that pyarrow wrote (test/data/write_arrow.py).
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, StratusError, type Tensor } from '@stratus/core';
import fc from 'fast-check';
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { arrow } from '../src/files/index.ts';
import { unpackLz4 } from '../src/files/lz4.ts';

const data = (name: string): string => join(import.meta.dirname, 'data', name);
const folder = mkdtempSync(join(tmpdir(), 'stratus-arrow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failure = async (work: () => unknown): Promise<StratusError> => {
  try {
    await work();
  } catch (e) {
    if (StratusError.is(e)) return e;
    throw e;
  }
  throw new Error('expected an error');
};
const spoilt = (bytes: Uint8Array): string => {
  const file = join(folder, 'spoilt.arrow');
  writeFileSync(file, bytes);
  return file;
};

const rows = Array.from({ length: 1000 }, (_, i) => ({ i, half: i / 2, name: `n${i % 7}` }));

describe('arrow', () => {
  it.each(['rows.arrow', 'rows.arrows', 'rows.feather', 'rows-zstd.arrow'])('reads %s', async (name) => {
    expect(await arrow(data(name)).toArray()).toEqual(rows);
  });

  it('goes on at any record, through several files', async () => {
    const all = arrow([data('rows.arrow'), data('rows.arrows')], { columns: { name: 'string', i: 'int32' } });
    expectTypeOf(all).toEqualTypeOf<Dataset<{ readonly name: string; readonly i: number }>>();
    for (const index of [0, 1, 299, 300, 999, 1000, 1700, 2000])
      expect((await all.toArray({ index })).map(({ i }) => i)).toEqual([...rows, ...rows].slice(index).map(({ i }) => i));
    const batches = all.shuffle(3, 100).batch(64);
    const whole = await batches.toArray({ epoch: 2 });
    expect((await batches.toArray({ epoch: 2, index: 20 })).map(({ i }) => i.toArray())).toEqual(
      whole.slice(20).map(({ i }) => i.toArray()),
    );
    const [first] = await all.batch(64).take(1).toArray();
    expect([first!.i.dtype, first!.name.dtype]).toEqual(['int32', 'string']);
    expect(await arrow(data('none.arrow')).toArray()).toEqual([]);
  });

  it('reads every kind of column', async () => {
    const kinds = Object.keys((await arrow(data('rows.arrow')).take(1).toArray())[0]!);
    expect(kinds).toEqual(['i', 'half', 'name']);
    const names = 'i8 u8 i32 u32 i64 u64 f16 f32 f64 flag text large class date time list fixed struct decimal'.split(' ');
    const columns = Object.fromEntries(
      names.map((name) => [name, /text|large|class|date|time|list|struct/.test(name) ? 'string' : 'float64'] as const),
    );
    const { fixed: _, ...rest } = columns;
    const records = await arrow(data('kinds.arrow'), { columns: rest }).toArray();
    expect(records[0]).toEqual({
      i8: 1,
      u8: 1,
      i32: 1,
      u32: 1,
      i64: 1,
      u64: 1,
      f16: 0.5,
      f32: 0.5,
      f64: 0.1,
      flag: 1,
      text: 'a',
      large: '',
      class: 'cat',
      date: '2024-02-29',
      time: '2024-01-31T12:00:00.250Z',
      list: '[1,2]',
      struct: '{"a":1,"b":"x"}',
      decimal: 12.25,
    });
    expect(records[1]).toMatchObject({
      i8: Number.NaN,
      i64: 2 ** 53,
      f16: Number.NaN,
      flag: 0,
      text: '',
      large: '日本',
      date: '',
      time: '',
      list: '[]',
      struct: '',
      decimal: Number.NaN,
    });
    expect(records[2]).toMatchObject({
      i8: -3,
      u32: 2 ** 32 - 1,
      u64: 2 ** 64,
      f32: -2.25,
      f64: Number.POSITIVE_INFINITY,
      flag: Number.NaN,
      text: 'bär',
      date: '1969-12-31',
      time: '1969-12-31T23:59:59.000Z',
      decimal: -0.5,
    });
  });

  it('keeps whole numbers whole, times as numbers, and lists of fixed size as tensors', async () => {
    const whole = await arrow(data('kinds.arrow'), { columns: { i32: 'int64', time: 'float64', u8: 'uint8', f64: 'float32' } })
      .take(1)
      .toArray();
    expect(whole).toEqual([{ i32: 1, time: Date.UTC(2024, 0, 31, 12, 0, 0, 250), u8: 1, f64: Math.fround(0.1) }]);
    const lists = await arrow(data('kinds.arrow'), { columns: { fixed: 'float32' } })
      .batch(3)
      .toArray();
    const fixed = lists[0]!.fixed as unknown as Tensor;
    expect([fixed.shape, fixed.dtype, fixed.toArray()]).toEqual([
      [3, 2],
      'float32',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ]);
  });

  it.each<[string, Readonly<Record<string, 'int32' | 'int64' | 'uint8' | 'bool' | 'float32' | 'string'>>, string]>([
    ['a missing number', { i8: 'int32' }, "record 1 has no value of type int32 in the column 'i8'"],
    ['a missing truth value', { flag: 'bool' }, 'record 2'],
    ['a missing number of 64 bits', { i64: 'int64' }, 'record 2'],
    ['a number too large', { u32: 'int32' }, 'record 2'],
    ['a number too large for 64 bits', { u64: 'int64' }, 'record 2'],
    ['a fraction', { f32: 'uint8' }, 'record 0'],
    ['a text as a number', { text: 'float32' }, "column 'text': got Utf8 to be read as float32"],
    ['bytes', { bytes: 'string' }, "column 'bytes': got Binary"],
    ['a column that is not there', { txt: 'string' }, "Did you mean 'text'?"],
  ])('explains %s', async (_, columns, says) => {
    expect((await failure(() => arrow(data('kinds.arrow'), { columns }).toArray())).message).toContain(says);
  });

  it('explains columns that cannot be read, or told apart', async () => {
    expect((await failure(() => arrow(data('kinds.arrow')).toArray())).message).toMatch(/'bytes'.*Leave it out/);
    const e = await failure(() => arrow(data('double.arrow')).toArray());
    expect([e.code, e.message.includes("two columns are called 'a'")]).toEqual(['corrupt', true]);
    expect(
      (await failure(() => arrow([data('rows.arrow'), data('kinds.arrow')], { columns: { i: 'int32' } }).toArray())).message,
    ).toMatch(/kinds\.arrow is damaged: its columns|There is no column/);
    expect((await failure(() => arrow(join(folder, 'none.arrow')).toArray())).code).toBe('file-not-found');
    expect((await failure(() => arrow(data('rows.arrow'), { column: {} } as never))).code).toBe('unknown-name');
  });

  it('knows a file that is cut off anywhere, and what is none', async () => {
    for (const name of ['rows.arrow', 'rows.arrows', 'rows.feather']) {
      const bytes = readFileSync(data(name));
      for (const length of [0, 1, 7, 8, 100, 1000, bytes.length >> 1, bytes.length - 8, bytes.length - 1]) {
        const e = await failure(() => arrow(spoilt(bytes.subarray(0, length))).toArray());
        expect([e.code, e.message.includes('spoilt.arrow')]).toEqual(['corrupt', true]);
      }
    }
    for (const text of ['i,half\n1,2\n', 'PAR1 no arrow', 'FEA1 an old one', ''])
      expect((await failure(() => arrow(spoilt(Buffer.from(text))).toArray())).code).toBe('corrupt');
  });

  it('any byte may be damaged: it is told, or a value is another', async () => {
    const sources = ['rows.arrows', 'rows.feather', 'kinds.arrow', 'none.arrow'].map((name) => readFileSync(data(name)));
    await fc.assert(
      fc.asyncProperty(fc.nat(sources.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, place, change) => {
        const bytes = Uint8Array.from(sources[which]!);
        bytes[place % bytes.length]! ^= change;
        const file = spoilt(bytes);
        try {
          await arrow(file).toArray();
        } catch (e) {
          expect(StratusError.is(e)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('notices that a file changes while it is read', async () => {
    const file = join(folder, 'changing.arrow');
    copyFileSync(data('rows.arrow'), file);
    const pass = arrow(file).pass();
    await pass.next();
    writeFileSync(file, readFileSync(data('none.arrow')));
    const e = await failure(async () => {
      for await (const _ of pass);
    });
    expect(e.code).toBe('corrupt');
  });
});

describe('unpackLz4', () => {
  it('refuses what is cut off or refers to nothing', async () => {
    // 'abc', then a match of 4 + 5 bytes 3 back, and 'xyz' at the end.
    const block = [0x35, 97, 98, 99, 3, 0, 0x30, 120, 121, 122];
    const frame = Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, block.length, 0, 0, 0, ...block, 0, 0, 0, 0);
    expect(Buffer.from(unpackLz4(frame)).toString()).toBe('abcabcabcabcxyz');
    for (let length = 0; length < frame.length; length++)
      expect((await failure(() => unpackLz4(frame.subarray(0, length)))).code).toBe('corrupt');
    expect((await failure(() => unpackLz4(frame.with(15, 9)))).message).toContain('refers to what is not there');
    expect((await failure(() => unpackLz4(frame.with(0, 5)))).code).toBe('corrupt');
  });
});
