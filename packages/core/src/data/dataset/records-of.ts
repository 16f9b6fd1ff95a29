import type { AnyTable } from '../table.ts';
import { type Chunk, pieceSize, sliceOf } from './chunk.ts';

/** @internal The records of a chunk as a list. */
export const listOf = <R>(chunk: Chunk<R>): readonly R[] =>
  Array.isArray(chunk) ? chunk : Array.from({ length: chunk.length }, (_, i) => (chunk as AnyTable).record(i) as R);

/** @internal A chunk in pieces that are small enough to be made into records. */
export function* piecesOf<R>(chunk: Chunk<R>, size = pieceSize): Iterable<Chunk<R>> {
  for (let start = 0; start < chunk.length; start += size) yield sliceOf(chunk, start, Math.min(start + size, chunk.length));
}
