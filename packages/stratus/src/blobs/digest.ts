import { createHash } from 'node:crypto';
import { fail } from '@stratus/core';

const pattern = /^sha256:([0-9a-f]{64})$/;

/** The 64 digits of a digest. Errors: `bad-value`. */
export function hexOf(digest: string): string {
  const hex = pattern.exec(digest)?.[1];
  if (hex !== undefined) return hex;
  throw fail('bad-value', {
    what: 'a digest',
    got: JSON.stringify(digest)?.slice(0, 100) ?? 'nothing',
    want: "'sha256:' and 64 digits from 0 to f",
  });
}

/** Passes bytes on and counts them; `digest` is right when all have passed. */
export class Hashing {
  readonly #hash = createHash('sha256');
  bytes = 0;

  add(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.bytes += piece.length;
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}
