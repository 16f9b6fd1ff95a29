import { fail } from '../../errors.ts';
import { type Chunk, listOf, piecesOf } from './chunk.ts';
import type { Stage } from './stage.ts';

/** A place in a data set: plain data, to be kept and to go on from. */
export interface Position {
  /** What is random is drawn anew in each epoch; 0 unless told. */
  readonly epoch?: number | undefined;
  /** How many records of this epoch have been read; 0 unless told. */
  readonly index?: number | undefined;
}

/**
 * One reading of a data set, record by record. It knows where it is: what `Dataset.pass` gives.
 *
 * @example
 * import { dataset } from '@stratus/core';
 * const data = dataset([1, 2, 3, 4]).shuffle(1);
 * const reading = data.pass({ epoch: 2 });
 * await reading.next();
 * console.log(reading.position, (await data.toArray(reading.position)).length); // { epoch: 2, index: 1 } 3
 */
export class Reading<R> implements AsyncIterableIterator<R, undefined> {
  readonly #pieces: AsyncIterator<readonly R[]>;
  readonly #epoch: number;
  #list: readonly R[] = [];
  #at = 0;
  #index: number;

  /** @internal */
  constructor(stage: Stage<R>, { epoch = 0, index = 0 }: Position, signal: AbortSignal | undefined) {
    [this.#epoch, this.#index] = [epoch, index];
    this.#pieces = lists(stage.chunks({ epoch, skip: index, signal }), signal);
  }

  /** Where the next record is: `data.pass(reading.position)` goes on with it. */
  get position(): Required<Position> {
    return { epoch: this.#epoch, index: this.#index };
  }

  async next(): Promise<IteratorResult<R, undefined>> {
    while (this.#at === this.#list.length) {
      const { done, value } = await this.#pieces.next();
      if (done) return { done: true, value: undefined };
      [this.#list, this.#at] = [value, 0];
    }
    this.#index++;
    return { done: false, value: this.#list[this.#at++]! };
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    this.#list = [];
    this.#at = 0;
    await this.#pieces.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function* lists<R>(chunks: AsyncIterable<Chunk<R>>, signal: AbortSignal | undefined): AsyncGenerator<readonly R[]> {
  const check = (): void => {
    if (signal?.aborted) throw fail('aborted', { what: 'Reading data' }, signal.reason);
  };
  check();
  for await (const chunk of chunks)
    for (const piece of piecesOf(chunk)) {
      check();
      yield listOf(piece);
    }
}
