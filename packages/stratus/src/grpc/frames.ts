import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { fail, StratusError } from '@stratus/core';

/** Messages that are being read or answered: so many are always taken, further ones while all together are not larger. */
const [alwaysTaken, mostBytes] = [64, 256 * 2 ** 20];

/** Watches over how much memory the messages of all connections take together. */
export class Memory {
  #count = 0;
  #bytes = 0;

  /** Makes room, until what is returned is called. Errors: `busy`. */
  take(bytes: number): () => void {
    if (this.#count >= alwaysTaken && this.#bytes + bytes > mostBytes) throw fail('busy', { waiting: this.#count });
    this.#count++;
    this.#bytes += bytes;
    return () => {
      this.#count--;
      this.#bytes -= bytes;
    };
  }
}

/** One message as it came. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly isCompressed: boolean;
  /** To be called when nobody needs the bytes any more. */
  readonly release: () => void;
}

const headLength = 5;

/** Cuts what comes into messages: a byte that says whether it is compressed, four that say how long it is, the message. */
export class FrameReader {
  readonly #limitBytes: number;
  readonly #memory: Memory;
  #parts: Buffer[] = [];
  #length = 0;
  #wanted = headLength;
  #release: (() => void) | undefined;
  #isCompressed = false;

  constructor(limitBytes: number, memory: Memory) {
    this.#limitBytes = limitBytes;
    this.#memory = memory;
  }

  /** True in the middle of a message. */
  get isPartial(): boolean {
    return this.#release !== undefined || this.#length > 0;
  }

  /** The messages that end within this chunk. Errors: `too-large` and `busy`, before the message is there; `bad-request`. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    for (;;) {
      const missing = this.#wanted - this.#length;
      if (rest.length < missing) {
        if (rest.length > 0) this.#parts.push(rest);
        this.#length += rest.length;
        return frames;
      }
      const last = rest.subarray(0, missing);
      const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last], this.#wanted);
      rest = rest.subarray(missing);
      this.#parts = [];
      this.#length = 0;
      if (this.#release === undefined) this.#begin(bytes);
      else {
        // Plain bytes: the slices of a Buffer would be views.
        const own = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
        frames.push({ bytes: own, isCompressed: this.#isCompressed, release: this.#release });
        this.#release = undefined;
        this.#wanted = headLength;
      }
    }
  }

  #begin(head: Buffer): void {
    const [flag, length] = [head[0]!, head.readUInt32BE(1)];
    if (flag > 1)
      throw fail('bad-request', {
        reason: `A message begins with ${flag}; gRPC begins one with 0, or with 1 if it is compressed.`,
      });
    if (length > this.#limitBytes) throw fail('too-large', { limitBytes: this.#limitBytes });
    this.#release = this.#memory.take(length);
    this.#isCompressed = flag === 1;
    this.#wanted = length;
  }

  /** Nothing more will come. */
  close(): void {
    this.#release?.();
    this.#release = undefined;
    this.#parts = [];
  }
}

const unpackings = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** What clients may compress with. */
export const encodings: readonly string[] = ['identity', ...Object.keys(unpackings)];

/** The bytes of a message. Errors: `bad-request`, `too-large`. */
export async function unpacked({ bytes, isCompressed }: Frame, encoding: string, limitBytes: number): Promise<Uint8Array> {
  if (!isCompressed) return bytes;
  if (encoding === 'identity')
    throw fail('bad-request', { reason: 'A message says to be compressed, but grpc-encoding does not say how.' });
  try {
    const whole = await unpackings[encoding as keyof typeof unpackings](bytes, { maxOutputLength: limitBytes });
    return new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
  } catch (e) {
    if (StratusError.is(e)) throw e;
    if ((e as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw fail('too-large', { limitBytes }, e);
    throw fail('bad-request', { reason: `A message is no ${encoding}: ${(e as Error).message}.` }, e);
  }
}
