import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { fail } from '@stratus/core';
import { shown } from './wording.ts';

/** So many bodies at once are always taken; further ones while all together are not larger than `mostBytes`. */
const alwaysTaken = 64;
const mostBytes = 256 * 2 ** 20;

/** What unpacks a body, off the event loop, up to a size. */
const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

const isKnown = (encoding: string): encoding is keyof typeof unpackers => Object.hasOwn(unpackers, encoding);

/** Reads request bodies, and watches over how much memory they take together. */
export class BodyReader {
  readonly #limit: number;
  #count = 0;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** The body of a request, for as long as `use` takes. Errors: `too-large`, `busy`, `aborted` when the client went away. */
  async withBody<T>(request: Request, use: (body: Uint8Array) => Promise<T>): Promise<T> {
    const stated = request.headers.has('transfer-encoding') ? null : request.headers.get('content-length');
    const expected = stated === null ? this.#limit : Number(stated);
    return this.#within(expected, () => this.#read(request, stated !== null), use);
  }

  /** The same for a body of a known size that somebody else reads. Errors: `too-large`, `busy`, and those of `read`. */
  withRead<T>(size: number, read: () => Promise<Uint8Array>, use: (body: Uint8Array) => Promise<T>): Promise<T> {
    return this.#within(size, read, use);
  }

  async #within<T>(expected: number, read: () => Promise<Uint8Array>, use: (body: Uint8Array) => Promise<T>): Promise<T> {
    if (expected > this.#limit) throw fail('too-large', { limitBytes: this.#limit });
    if (this.#count >= alwaysTaken && this.#bytes + expected > mostBytes) throw fail('busy', { waiting: this.#count });
    this.#count++;
    this.#bytes += expected;
    try {
      return await use(await read());
    } finally {
      this.#count--;
      this.#bytes -= expected;
    }
  }

  /** The same, unpacked where it came packed. Errors: also `bad-request` for an encoding that is not known, or another one than it says. */
  withPlainBody<T>(request: Request, use: (body: Uint8Array) => Promise<T>): Promise<T> {
    const encoding = request.headers.get('content-encoding') ?? '';
    if (encoding === '' || encoding === 'identity') return this.withBody(request, use);
    return this.withBody(request, async (body) => await use(await this.#unpacked(encoding, body)));
  }

  async #unpacked(encoding: string, body: Uint8Array): Promise<Uint8Array> {
    if (!isKnown(encoding)) {
      const reason = `The body has the content encoding ${shown(encoding)}; send it as gzip, deflate, or without.`;
      throw fail('bad-request', { reason });
    }
    if (this.#count >= alwaysTaken && this.#bytes + this.#limit > mostBytes) throw fail('busy', { waiting: this.#count });
    this.#bytes += this.#limit; // until it is there, it may be as large as that
    try {
      return await unpackers[encoding](body, { maxOutputLength: this.#limit });
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw fail('too-large', { limitBytes: this.#limit });
      throw fail('bad-request', { reason: `The body is no ${encoding}: ${(e as Error).message}.` }, e);
    } finally {
      this.#bytes -= this.#limit;
    }
  }

  async #read(request: Request, sizeIsKnown: boolean): Promise<Uint8Array> {
    try {
      const body = sizeIsKnown ? new Uint8Array(await request.arrayBuffer()) : await this.#readStream(request);
      if (body) return body;
    } catch (e) {
      throw fail('aborted', { what: 'Reading the request' }, e);
    }
    throw fail('too-large', { limitBytes: this.#limit });
  }

  /** Undefined when it is longer than the limit; then the rest is not read. */
  async #readStream({ body }: Request): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    let length = 0;
    const reader = body?.getReader();
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done) break;
      parts.push(part.value);
      length += part.value.length;
      if (length > this.#limit) {
        await reader!.cancel().catch(() => {});
        return undefined;
      }
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
