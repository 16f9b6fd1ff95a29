import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { Tensor } from '@stratus/core';
import { type ColumnType, columnTypes } from './column-types.ts';

// Only `scan.ts` loads this file, together with DuckDB: its library is large, and who reads no tables needs none of it.

/** A column of a chunk, and the places where there is no value though there must be one. */
export function columnOf(
  chunk: DuckDBDataChunk,
  index: number,
  type: ColumnType,
): { readonly values: Tensor; readonly missing: readonly number[] } {
  const { dtype, view, bytes } = columnTypes[type];
  const count = chunk.rowCount;
  if (!view) return { values: new Tensor('string', [count], chunk.getColumnValues(index) as string[]), missing: [] };
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, index);
  // DuckDB uses this memory again: a copy.
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, count * bytes);
  const data = view(buffer.slice(byteOffset, byteOffset + count * bytes) as ArrayBuffer);
  return { values: new Tensor(dtype, [count], data as never), missing: placesWithout(vector, count) };
}

/** Where the mask of a vector says that there is nothing. */
function placesWithout(vector: duckdb.Vector, count: number): number[] {
  const mask = duckdb.vector_get_validity(vector, Math.ceil(count / 64) * 8) as Uint8Array | null;
  const places: number[] = [];
  if (mask) for (let i = 0; i < count; i++) if ((mask[i >> 3]! & (1 << (i & 7))) === 0) places.push(i);
  return places;
}
