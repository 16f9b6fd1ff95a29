import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DType, dtypes, Tensor, type TypedArray } from '@stratus/core';

/** Data of a measurement, by name. */
export type Arrays = Readonly<Record<string, Tensor>>;

interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Writes what all competitors read: `arrays.json` with dtypes and shapes, and a file of bytes for each. Gives the folder. */
export async function writeArrays(arrays: Arrays): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const table: Record<string, Entry> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(arrays)) {
    table[name] = { dtype, shape };
    await writeFile(join(folder, name), data as TypedArray);
  }
  await writeFile(join(folder, 'arrays.json'), JSON.stringify(table));
  return folder;
}

/** What {@link writeArrays} wrote. */
export function readArrays(folder: string): Arrays {
  const table = JSON.parse(readFileSync(join(folder, 'arrays.json'), 'utf8')) as Record<string, Entry>;
  return Object.fromEntries(
    Object.entries(table).map(([name, { dtype, shape }]) => {
      const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
      const { constructor: Numbers, BYTES_PER_ELEMENT: width } = dtypes[dtype].make(0) as Float32Array;
      // Small files come as parts of a shared block, which may not be aligned.
      const aligned = byteOffset % width === 0 ? { buffer, byteOffset } : { buffer: buffer.slice(byteOffset), byteOffset: 0 };
      const data = new (Numbers as Float32ArrayConstructor)(
        aligned.buffer as ArrayBuffer,
        aligned.byteOffset,
        byteLength / width,
      );
      return [name, new Tensor(dtype, shape, data as never)];
    }),
  );
}
