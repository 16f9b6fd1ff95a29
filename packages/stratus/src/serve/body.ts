import { fail } from '@stratus/core';

/** So many bodies at once are always taken; further ones while all together are not larger than `mostBytes`. */
const alwaysTaken = 64;
const mostBytes = 256 * 2 ** 20;

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
    if (expected > this.#limit) throw fail('too-large', { limitBytes: this.#limit });
    if (this.#count >= alwaysTaken && this.#bytes + expected > mostBytes) throw fail('busy', { waiting: this.#count });
    this.#count++;
    this.#bytes += expected;
    try {
      return await use(await this.#read(request, stated !== null));
    } finally {
      this.#count--;
      this.#bytes -= expected;
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
