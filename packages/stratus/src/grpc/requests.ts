import type { ServerHttp2Stream } from 'node:http2';
import { fail } from '@stratus/core';
import { type Frame, FrameReader, type Memory, unpacked } from './frames.ts';

/** Options of {@link Requests}. */
export interface RequestsOptions {
  readonly limitBytes: number;
  readonly memory: Memory;
  readonly encoding: string;
  /** A message has to be there so long after it began. */
  readonly timeoutMs: number;
  /** There is to be one message and no more: the client owes its end as well. */
  readonly isOne: boolean;
}

/** The messages of a client, one after the other; it is held up while nobody takes them. */
export class Requests {
  readonly #stream: ServerHttp2Stream;
  readonly #options: RequestsOptions;
  readonly #reader: FrameReader;
  readonly #frames: Frame[] = [];
  #taken: Frame | undefined;
  #failed: unknown;
  #isOver = false;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream, options: RequestsOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#reader = new FrameReader(options.limitBytes, options.memory);
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.once('end', () => {
      if (this.#reader.isPartial) this.#failed ??= fail('bad-request', { reason: 'The last message is not whole.' });
      this.stop();
    });
    stream.once('close', () => this.stop());
    this.#arm();
  }

  #arm(): void {
    const { timeoutMs } = this.#options;
    this.#timer ??= setTimeout(() => {
      this.#failed ??= fail('deadline', { deadlineMs: timeoutMs });
      this.stop();
    }, timeoutMs);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#frames.push(...this.#reader.push(chunk));
    } catch (e) {
      this.#failed = e;
      this.stop();
      return;
    }
    if (this.#reader.isPartial) this.#arm();
    else if (!this.#options.isOne) this.#disarm();
    if (this.#frames.length > 0 && !this.#options.isOne) this.#stream.pause();
    this.#wake?.();
  }

  /** True when nothing more will come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing more is taken. */
  stop(): void {
    this.#isOver = true;
    this.#disarm();
    this.#reader.close();
    this.#wake?.();
  }

  /**
   * The next message; undefined when there is none. Errors: `too-large`, `busy`, `bad-request`, `deadline` where it did not come.
   */
  async next(): Promise<Uint8Array | undefined> {
    this.#give();
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) {
        this.#taken = frame;
        return await unpacked(frame, this.#options.encoding, this.#options.limitBytes);
      }
      if (this.#failed !== undefined) throw this.#failed;
      if (this.#isOver) return undefined;
      await this.#change();
    }
  }

  /** The only message, once all is there. Errors: as `next`; `bad-request` for none or several. */
  async only(): Promise<Uint8Array> {
    while (!this.#isOver && this.#frames.length < 2) await this.#change();
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#frames.length !== 1) {
      const got = this.#frames.length === 0 ? 'none came' : 'more came';
      throw fail('bad-request', { reason: `This call takes one message, and ${got}.` });
    }
    return (await this.next())!;
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#stream.resume();
    });
    this.#wake = undefined;
  }

  #give(): void {
    this.#taken?.release();
    this.#taken = undefined;
  }

  /** Gives back the memory of what was taken and of what nobody took. */
  release(): void {
    this.stop();
    this.#give();
    for (const { release } of this.#frames.splice(0)) release();
  }
}
