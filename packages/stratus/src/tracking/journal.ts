import { closeSync, createReadStream, fsyncSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { type Entry, entryOf, lineOf } from './entry.ts';

/** A longer file is not written: a store that is away for days must not fill the disk. */
const mostBytes = 1_000_000_000;

/** Where entries wait for a store that does not answer: a file of lines of JSON, beside the checkpoint that they belong to. */
export class Journal {
  readonly file: string;
  /** Bytes in the file, and how many of them were delivered. */
  #written: number;
  #delivered = 0;
  /** One thing after the other: nobody adds to a file that is taken away. */
  #turn: Promise<unknown> = Promise.resolve();

  readonly #begins: () => void;
  #isBegun = false;

  /** What an earlier process left in the file waits as well. `begins` is called before something is put into it for the first time. */
  constructor(file: string, begins: () => void = () => undefined) {
    this.file = file;
    this.#begins = begins;
    this.#written = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  get isEmpty(): boolean {
    return this.#written === this.#delivered;
  }

  /** Adds entries; they lie on the disk when the promise is kept. Returns false where there are too many. Errors: those of Node. */
  add(entries: readonly Entry[]): Promise<boolean> {
    return this.#next(async () => {
      const bytes = Buffer.from(entries.map(lineOf).join(''));
      if (this.#written + bytes.length > mostBytes) return false;
      this.#begin();
      await mkdir(dirname(this.file), { recursive: true });
      const handle = await open(this.file, 'a');
      try {
        await handle.appendFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      this.#written += bytes.length;
      return true;
    });
  }

  /** As `add`, for a process that ends at once. */
  addAtOnce(entries: readonly Entry[]): void {
    this.#begin();
    mkdirSync(dirname(this.file), { recursive: true });
    const handle = openSync(this.file, 'a');
    writeSync(handle, entries.map(lineOf).join(''));
    fsyncSync(handle);
    closeSync(handle);
  }

  /** What waits, in order. A line that was cut off is none: it was never acknowledged. */
  async *waiting(): AsyncGenerator<{ readonly entry: Entry | undefined; readonly bytes: number }> {
    if (this.isEmpty) return;
    const stream = createReadStream(this.file, { encoding: 'utf8', start: this.#delivered });
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }))
      yield { entry: entryOf(line), bytes: Buffer.byteLength(line) + 1 };
  }

  /** Delivers what waits, one after the other; the file is gone when all is done. Errors: those of `deliver`. */
  async drain(deliver: (entry: Entry) => Promise<void>): Promise<void> {
    while (!this.isEmpty) {
      await this.#next(async () => this.#look());
      for await (const { entry, bytes } of this.waiting()) {
        if (entry) await deliver(entry);
        this.#delivered = Math.min(this.#written, this.#delivered + bytes);
      }
      await this.#next(async () => {
        if (!this.isEmpty) return; // somebody has added something meanwhile
        await rm(this.file, { force: true });
        this.#written = this.#delivered = 0;
      });
    }
  }

  /** Somebody may have taken the file aside, to deliver what an earlier process left in it. */
  #look(): void {
    const size = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= this.#written) return;
    this.#written = size;
    this.#delivered = 0;
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    try {
      this.#begins();
    } catch {
      // The file is what counts: people are told of it in any case.
    }
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
