import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Dataset, Tensor } from '@stratus/core';
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { idx } from '../src/files/index.ts';
import { root } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-idx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const mnist = (name: string): string => join(root, 'examples/data/mnist', `t10k-${name}-ubyte.gz`);

describe('idx', () => {
  it('reads the files of MNIST, compressed or not', async () => {
    const test = await idx([mnist('images-idx3'), mnist('labels-idx1')]);
    expectTypeOf(test).toEqualTypeOf<Dataset<{ readonly image: Tensor; readonly label: number }>>();
    expect(test.length).toBe(10_000);
    const [first] = await test.take(1).toArray();
    expect([first!.image.shape, first!.image.dtype, first!.label]).toEqual([[28, 28], 'uint8', 7]);
    const plain = join(folder, 'labels');
    writeFileSync(plain, gunzipSync(readFileSync(mnist('labels-idx1'))));
    const labels = await idx(plain, { names: ['digit'] });
    expect((await labels.take(5).toArray()).map(({ digit }) => digit)).toEqual([7, 2, 1, 0, 4]);
  });

  it('says what is wrong', async () => {
    const file = join(folder, 'three');
    writeFileSync(file, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1));
    await expect(idx([mnist('labels-idx1'), file])).rejects.toThrow(/three is damaged: it has 3 records, and .* has 10000/);
    await expect(idx([file, file], { names: ['a', 'a'] })).rejects.toMatchObject({ code: 'bad-value' });
    await expect(idx([file], { names: ['a', 'b'] })).rejects.toMatchObject({ code: 'bad-value' });
    await expect(idx([])).rejects.toMatchObject({ code: 'bad-value' });
    await expect(idx(join(folder, 'none'))).rejects.toMatchObject({ code: 'file-not-found' });
    writeFileSync(file, readFileSync(mnist('labels-idx1')).subarray(0, 1000));
    await expect(idx(file)).rejects.toMatchObject({ code: 'corrupt' });
    writeFileSync(file, 'x,y\n1,2');
    await expect(idx(file)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
