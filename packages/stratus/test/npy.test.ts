// Arrays that NumPy wrote (test/data/write_arrays.py).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dataset, npy, npz, parseNpy } from '../src/index.ts';

const data = (name: string): string => join(import.meta.dirname, 'data', name);
const folder = mkdtempSync(join(tmpdir(), 'stratus-npy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const base = [
  [0, 1, 2],
  [3, 4, 5],
];

describe('npz', () => {
  it.each(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64'] as const)(
    'reads %s',
    async (dtype) => {
      const { [dtype]: array } = await npz(data('types.npz'));
      expect([array!.dtype, array!.shape, array!.toArray()]).toEqual([dtype, [2, 3], base]);
    },
  );

  it('reads truth values, texts, scalars and nothing', async () => {
    const { bool, text, scalar, empty } = await npz(data('types.npz'));
    expect(bool!.toArray()).toEqual(base.map((row) => row.map((n) => n % 2 === 0)));
    expect(text!.toArray()).toEqual([
      ['a', 'bär', ''],
      ['日本', 'x y', 'end'],
    ]);
    expect(scalar!.item()).toBe(7.5);
    expect([empty!.shape, empty!.size]).toEqual([[0, 4], 0]);
  });

  it('reads what is compressed, and makes a data set of it', async () => {
    const { x, y } = await npz(data('compressed.npz'));
    const [batch] = await dataset({ x: x!, y: y! }).batch(10).toArray();
    expect((batch!.x.toArray() as number[][])[9]![99]).toBe(999);
    expect(batch!.y.dtype).toBe('float64');
  });

  it.each([
    ['a file that is cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length / 2)],
    ['something else', () => Buffer.from('no zip at all')],
  ])('says what is wrong with %s', async (_, spoil) => {
    const file = join(folder, 'spoilt.npz');
    writeFileSync(file, spoil(readFileSync(data('compressed.npz'))));
    await expect(npz(file)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(npz(file)).rejects.toThrow(file);
  });
});

describe('npy', () => {
  it('reads either byte order, and columns as rows', async () => {
    expect((await npy(data('big-endian.npy'))).toArray()).toEqual(base.map((row) => row.map((n) => n * 1.5 - 2)));
    const fortran = await npy(data('fortran.npy'));
    expect([fortran.shape, [...fortran.data]]).toEqual([[2, 3, 4], Array.from({ length: 24 }, (_, i) => i)]);
  });

  it.each([
    ['objects.npy', /elements of type '\|O'.*Python objects are not read/],
    ['complex.npy', /elements of type '<c16'.*astype/],
  ])('refuses %s', async (name, message) => {
    await expect(npy(data(name))).rejects.toThrow(message);
  });

  const good = readFileSync(data('fortran.npy'));
  it.each([
    ['nothing', new Uint8Array(0), /does not start as \.npy files do/],
    ['something else', Buffer.from('hello, this is text'), /does not start/],
    ['a header that is cut off', good.subarray(0, 40), /its header is no description/],
    ['a missing end', good.subarray(0, good.length - 4), /it has 92 bytes after its header, and \[2, 3, 4\] of <i4 asks for 96/],
    ['bytes too many', Buffer.concat([good, Buffer.alloc(4)]), /it has 100 bytes/],
    [
      'sizes beyond all memory',
      Buffer.from(good.toString('latin1').replace('(2, 3, 4)', '(99999999, 99999999)'), 'latin1'),
      /damaged/,
    ],
  ])('says what is wrong with %s', (_, bytes, message) => {
    expect(() => parseNpy(bytes)).toThrow(message);
  });

  it('names a file that is not there', async () => {
    await expect(npy(join(folder, 'none.npy'))).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
