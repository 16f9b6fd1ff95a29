import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type AnyTable, gatherRows, isTable, parseIdx, type RecordOf, type Table, table } from '../src/data/index.ts';
import { type DataTypes, type DType, dtypes, type Tensor, tensor, zeros } from '../src/tensor/index.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (e) {
    return (e as { code: string }).code;
  }
  return 'no error';
};

const n = 10;
const make = () =>
  table({
    image: tensor(
      Uint8Array.from({ length: n * 4 }, (_, i) => i),
      { shape: [n, 2, 2] },
    ) as Tensor<'uint8'>,
    label: tensor(Int32Array.from({ length: n }, (_, i) => 100 + i)) as Tensor<'int32'>,
  });
const labels = (t: { readonly label: Tensor }): unknown => t.label.toArray();

describe('table', () => {
  it('gives columns as typed properties, without a copy', () => {
    const image = zeros([n, 2, 2], 'uint8');
    const t = table({ image, label: zeros([n], 'int32') });
    expectTypeOf(t.image).toEqualTypeOf<Tensor<'uint8'>>();
    expectTypeOf(t.names).toEqualTypeOf<readonly ('image' | 'label')[]>();
    expectTypeOf(t).toExtend<AnyTable>();
    expect(t.image).toBe(image);
    expect(t.column('image')).toBe(image);
    expect(t.names).toEqual(['image', 'label']);
    expect(t.length).toBe(n);
    expect(isTable(t) && isTable(t.shuffle(1)) && !isTable({ image }) && !isTable(image)).toBe(true);
  });

  it('gives records: scalars as numbers, the rest as tensors that share memory', async () => {
    const t = make();
    const record = t.record(3);
    expectTypeOf(record).toEqualTypeOf<RecordOf<{ image: Tensor<'uint8'>; label: Tensor<'int32'> }>>();
    expect(record.label).toBe(103);
    const image = record.image as Tensor<'uint8'>;
    expect(image.shape).toEqual([2, 2]);
    expect(image.toArray()).toEqual([
      [12, 13],
      [14, 15],
    ]);
    expect(image.data.buffer).toBe(t.image.data.buffer);

    const seen: unknown[] = [];
    for await (const r of t.skip(7)) seen.push(r.label);
    for await (const r of t.skip(8)) seen.push(r.label); // once more: iteration does not use a table up
    expect(seen).toEqual([107, 108, 109, 108, 109]);
    expectTypeOf<Table<{ label: Tensor<'uint8'> }, { readonly label: number }>>().toExtend<Table<{ label: Tensor<'uint8'> }>>();
  });

  it('gives scalars of every dtype as people write them', () => {
    const t = table({
      b: tensor([true, false]),
      s: tensor(['x', 'y']),
      i: tensor([5n, -6n]),
      w: tensor([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    });
    expect(t.record(1)).toMatchObject({ b: false, s: 'y', i: -6 });
    expect((t.record(1).w as Tensor).toArray()).toEqual(['c', 'd']);
    expect(t.rows([1, 0]).w.toArray()).toEqual([
      ['c', 'd'],
      ['a', 'b'],
    ]);
  });

  it('takes, skips and slices as arrays do, without a copy', () => {
    const t = make();
    expect(labels(t.take(2))).toEqual([100, 101]);
    expect(labels(t.skip(8))).toEqual([108, 109]);
    expect(labels(t.take(99))).toHaveLength(n);
    expect(t.skip(99).length).toBe(0);
    expect(t.skip(99).image.shape).toEqual([0, 2, 2]);
    expect(t.slice(2, 4).image.data.buffer).toBe(t.image.data.buffer);
    const all = Array.from({ length: n }, (_, i) => 100 + i);
    const places = fc.integer({ min: -13, max: 13 });
    fc.assert(
      fc.property(places, places, places, places, (a, b, c, d) => {
        expect(labels(t.slice(a, b).slice(c, d))).toEqual(all.slice(a, b).slice(c, d));
        expect(labels(t.shuffle(5).slice(a, b).slice(c, d))).toEqual((labels(t.shuffle(5)) as number[]).slice(a, b).slice(c, d));
      }),
    );
  });

  it('shuffles by the seed alone, and keeps records together', () => {
    const t = make();
    const once = t.shuffle(7);
    expect(labels(once)).toEqual(labels(make().shuffle(7)));
    expect(labels(once)).not.toEqual(labels(t));
    expect(labels(once)).not.toEqual(labels(t.shuffle(8)));
    expect((labels(once) as number[]).toSorted()).toEqual(labels(t));
    for (let i = 0; i < n; i++) {
      const { image, label } = once.record(i);
      expect((image as Tensor).data[0]).toBe(((label as number) - 100) * 4);
      expect(once.image.data[i * 4]).toBe((image as Tensor).data[0]);
    }
    expect(once.image).toBe(once.image); // gathered once
  });

  it('splits into disjoint parts', () => {
    const t = make();
    const [a, b] = t.split(0.7);
    expect([labels(a), labels(b)]).toEqual([
      [100, 101, 102, 103, 104, 105, 106],
      [107, 108, 109],
    ]);
    const [c, d] = t.split(0.7, { seed: 3 });
    expect([c.length, d.length]).toEqual([7, 3]);
    expect(labels(c)).not.toEqual(labels(a));
    expect([...(labels(c) as number[]), ...(labels(d) as number[])].toSorted()).toEqual(labels(t));
  });

  it('picks rows, also of picked rows', () => {
    const t = make().rows([9, 3, 3, 0]);
    expect(labels(t)).toEqual([109, 103, 103, 100]);
    expect(labels(t.rows(Uint32Array.of(3, 0)))).toEqual([100, 109]);
    expect(labels(make().skip(4).rows([0, 5]))).toEqual([104, 109]);
    expect(labels(make().skip(4).shuffle(1).rows([]))).toEqual([]);
  });

  it('says clearly what is wrong', () => {
    const t = make();
    expect(() => table({ x: zeros([3]), y: zeros([4]) })).toThrow(
      'table: got x [3], y [4], expected the same first size in every column',
    );
    expect(codeOf(() => table({}))).toBe('bad-value');
    expect(codeOf(() => table({ x: [1, 2] as unknown as Tensor }))).toBe('bad-value');
    expect(codeOf(() => table({ x: zeros([]) }))).toBe('shape-mismatch');
    expect(() => table({ take: zeros([3]) })).toThrow("a column named 'take'");
    expect(codeOf(() => table({ length: zeros([3]) }))).toBe('bad-value');
    expect(() => t.column('labels')).toThrow("Did you mean 'label'?");
    expect(() => t.record(10)).toThrow('record: got 10, expected a whole number from 0 to 9 (10 records)');
    for (const bad of [
      () => t.record(-1),
      () => t.record(0.5),
      () => t.take(-1),
      () => t.skip(1.5),
      () => t.rows([0, 10]),
      () => t.rows([-1]),
    ])
      expect(codeOf(bad)).toBe('bad-value');
    for (const fraction of [0, 1, -1, 0.01, 0.99, Number.NaN]) expect(codeOf(() => t.split(fraction))).toBe('bad-value');
    expect(codeOf(() => t.shuffle(-1))).toBe('bad-value');
  });
});

describe('gatherRows', () => {
  it('gives the rows of every dtype, for short and long rows', () => {
    for (const dtype of Object.keys(dtypes) as DType[]) {
      for (const row of [[], [3], [4, 9]]) {
        const shape = [5, ...row];
        const x = zeros(shape, dtype);
        for (let i = 0; i < x.size; i++) {
          const v = dtype === 'bool' ? i % 2 : i % 100;
          (x.data as unknown[])[i] = dtype === 'string' ? String(v) : dtype === 'int64' || dtype === 'uint64' ? BigInt(v) : v;
        }
        const y = gatherRows(x, Uint32Array.of(0, 4, 2, 2, 0), 1, 4);
        expect(y.dtype).toBe(dtype);
        expect(y.shape).toEqual([3, ...row]);
        expect(y.toArray()).toEqual([4, 2, 2].map((r) => (x.toArray() as unknown[])[r]));
      }
    }
  });

  it('writes into a buffer, and gives a part of it for a shorter batch', () => {
    const x = tensor(
      Float32Array.from({ length: 40 }, (_, i) => i),
      { shape: [10, 4] },
    );
    const into = zeros([4, 4]) as Tensor;
    const order = Uint32Array.of(9, 8, 7, 6, 5);
    const first = gatherRows(x, order, 0, 4, into);
    expect(first).toBe(into);
    expect(first.toArray()).toEqual([9, 8, 7, 6].map((r) => [4 * r, 4 * r + 1, 4 * r + 2, 4 * r + 3]));
    const last = gatherRows(x, order, 4, 5, into);
    expect(last.shape).toEqual([1, 4]);
    expect(last.toArray()).toEqual([[20, 21, 22, 23]]);
    expect((last.data as DataTypes['float32']).buffer).toBe((into.data as DataTypes['float32']).buffer);
  });

  it('refuses what would be silently wrong', () => {
    const x = zeros([3, 2]) as Tensor;
    expect(() => gatherRows(x, Uint32Array.of(0, 3))).toThrow('gatherRows: got row 3, expected 0 to 2 (3 rows)');
    expect(codeOf(() => gatherRows(x, Uint32Array.of(0), 0, 2))).toBe('bad-value');
    expect(codeOf(() => gatherRows(x, Uint32Array.of(0), 1, 0))).toBe('bad-value');
    expect(codeOf(() => gatherRows(zeros([]), Uint32Array.of(0)))).toBe('shape-mismatch');
    expect(codeOf(() => gatherRows(x, Uint32Array.of(0, 1), 0, 2, zeros([1, 2])))).toBe('shape-mismatch');
    expect(codeOf(() => gatherRows(x, Uint32Array.of(0, 1), 0, 2, zeros([2, 3])))).toBe('shape-mismatch');
    expect(codeOf(() => gatherRows(x, Uint32Array.of(0, 1), 0, 2, zeros([2, 2], 'int32')))).toBe('dtype-mismatch');
    expect(gatherRows(zeros([0, 2]), Uint32Array.of()).shape).toEqual([0, 2]);
  });
});

describe('parseIdx', () => {
  const idx = (code: number, shape: readonly number[], data: readonly number[]): Uint8Array =>
    Uint8Array.from([
      0,
      0,
      code,
      shape.length,
      ...shape.flatMap((d) => [d >>> 24, (d >>> 16) & 255, (d >>> 8) & 255, d & 255]),
      ...data,
    ]);

  it('reads all types, big-endian', () => {
    expect(parseIdx(idx(0x08, [2, 2], [1, 2, 3, 255])).toArray()).toEqual([
      [1, 2],
      [3, 255],
    ]);
    expect(parseIdx(idx(0x09, [2], [0xff, 0x7f])).toArray()).toEqual([-1, 127]);
    expect(parseIdx(idx(0x0b, [2], [0x01, 0x02, 0xff, 0xfe])).toArray()).toEqual([258, -2]);
    expect(parseIdx(idx(0x0c, [2], [0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff])).toArray()).toEqual([256, -1]);
    expect(parseIdx(idx(0x0d, [1], [0x3f, 0xc0, 0, 0])).toArray()).toEqual([1.5]);
    expect(parseIdx(idx(0x0e, [1], [0xc0, 0x04, 0, 0, 0, 0, 0, 0])).toArray()).toEqual([-2.5]);
    expect(['uint8', 'int8', 'int16', 'int32', 'float32', 'float64']).toEqual(
      [8, 9, 11, 12, 13, 14].map((code) => parseIdx(idx(code, [0], [])).dtype),
    );
  });

  it('shares the memory of bytes, from any offset', () => {
    const whole = Uint8Array.from([9, 9, 9, ...idx(0x08, [3], [1, 2, 3])]);
    const x = parseIdx(whole.subarray(3));
    expect(x.toArray()).toEqual([1, 2, 3]);
    whole[whole.length - 1] = 7;
    expect(x.toArray()).toEqual([1, 2, 7]);
  });

  it('refuses every truncation and every byte too many', () => {
    const good = idx(
      0x0b,
      [2, 3],
      Array.from({ length: 12 }, (_, i) => i),
    );
    expect(parseIdx(good).shape).toEqual([2, 3]);
    for (let length = 0; length < good.length; length++)
      expect(
        codeOf(() => parseIdx(good.subarray(0, length))),
        `${length} bytes`,
      ).toBe('corrupt');
    expect(codeOf(() => parseIdx(Uint8Array.from([...good, 0])))).toBe('corrupt');
  });

  it('refuses wrong magic numbers and sizes that overflow, naming the file', () => {
    expect(() => parseIdx(Uint8Array.of(0, 0, 0x0a, 0), { file: 'x-ubyte' })).toThrow(
      'x-ubyte is damaged: it starts with 00 00 0a 00',
    );
    expect(codeOf(() => parseIdx(Uint8Array.of(1, 0, 8, 0, 0)))).toBe('corrupt');
    expect(() => parseIdx(Uint8Array.of(0x1f, 0x8b, 8, 0))).toThrow('still compressed with gzip');
    expect(codeOf(() => parseIdx(idx(0x08, [0xffffffff, 0xffffffff, 0xffffffff], [1])))).toBe('corrupt');
    // 2^32 * 2^32 is 0 in 64 bits.
    expect(codeOf(() => parseIdx(idx(0x08, [0x80000000, 0x80000000, 4], [])))).toBe('corrupt');
  });
});
