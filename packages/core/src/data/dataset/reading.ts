import { fail } from '../../errors.ts';
import { abortable } from '../../runtime/index.ts';
import type { Chunk } from './chunk.ts';
import { listOf, piecesOf } from './records-of.ts';
import type { Stage } from './stage.ts';

/** A place in a data set: plain data, to be kept and to go on from. */
export interface Position {
  /** What is random is drawn anew in each epoch; 0 unless told. */
  readonly epoch?: number | undefined;
  /** How many records of this epoch have been read; 0 unless told. */
  readonly index?: number | undefined;
}

const what = 'Reading data';

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
  readonly #signal: AbortSignal | undefined;
  #list: readonly R[] = [];
  #at = 0;
  #index: number;
  #over = false;
  #filling: Promise<void> | undefined;

  /** @internal */
  constructor(stage: Stage<R>, { epoch = 0, index = 0 }: Position, signal: AbortSignal | undefined) {
    [this.#epoch, this.#index] = [epoch, index];
    this.#signal = signal;
    this.#pieces = lists(stage.chunks({ epoch, skip: index, signal }));
  }

  /** Where the next record is: `data.pass(reading.position)` goes on with it. */
  get position(): Required<Position> {
    return { epoch: this.#epoch, index: this.#index };
  }

  async next(): Promise<IteratorResult<R, undefined>> {
    if (this.#signal?.aborted) throw fail('aborted', { what }, this.#signal.reason);
    // Several calls may wait for the same records; they get them in the order of the calls.
    while (this.#at === this.#list.length && !this.#over)
      await (this.#filling ??= this.#fill().finally(() => {
        this.#filling = undefined;
      }));
    if (this.#at === this.#list.length) return { done: true, value: undefined };
    this.#index++;
    return { done: false, value: this.#list[this.#at++]! };
  }

  /** The next records. An abort does not wait for a source that gives none. */
  async #fill(): Promise<void> {
    const { done, value } = await abortable(what, this.#signal, () => this.#pieces.next());
    if (done) this.#over = true;
    else if (!this.#over) [this.#list, this.#at] = [value, 0];
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    [this.#over, this.#list, this.#at] = [true, [], 0];
    const closed = this.#pieces.return?.();
    if (this.#signal?.aborted)
      closed?.catch(() => undefined); // it is closed when its source answers
    else await closed;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function* lists<R>(chunks: AsyncIterable<Chunk<R>>): AsyncGenerator<readonly R[]> {
  for await (const chunk of chunks) for (const piece of piecesOf(chunk)) yield listOf(piece);
}
