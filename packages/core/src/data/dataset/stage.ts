import type { Chunk } from './chunk.ts';

/** One reading of a data set from its beginning, or from somewhere in it, to its end. */
export interface Pass {
  /** What is random is drawn anew in each epoch, and the same in the same epoch. */
  readonly epoch: number;
  /** How many records are left out at the beginning. What comes after them is as if they had been read. */
  readonly skip: number;
  readonly signal?: AbortSignal | undefined;
}

/** One step between a source and what reads it. Reading it again gives the same again. */
export interface Stage<R> {
  /** How many records a pass gives; undefined where only reading tells. */
  readonly length: number | undefined;
  chunks(pass: Pass): AsyncIterable<Chunk<R>>;
  /** How many places `pick` knows, where some of them may turn out to hold no record; as many as there are records unless told. */
  readonly places?: number | undefined;
  /** The records at these places, in this order: where any record can be had without those before it. */
  readonly pick?: ((indices: Uint32Array, pass: Omit<Pass, 'skip'>) => AsyncIterable<Chunk<R>>) | undefined;
}
