import { fail, StratusError } from '@stratus/core';
import type { WireBlob } from '../api/index.ts';
import { type Asking, ask, askJson } from './asking.ts';

/** What can be sent. */
export type BlobInput = Uint8Array<ArrayBuffer> | Blob;

/** The blobs of a project: bytes by what is in them. */
export interface BlobClient {
  /** Sends bytes, but for those that are there already. `digest`: theirs, where it is known; else a `Blob` is read into memory for it. */
  put(content: BlobInput, options?: { readonly digest?: string; readonly signal?: AbortSignal }): Promise<WireBlob>;
  /** The bytes, verified. */
  read(digest: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The bytes piece by piece, not verified; from number `from` on. */
  stream(
    digest: string,
    options?: { readonly from?: number; readonly signal?: AbortSignal },
  ): Promise<ReadableStream<Uint8Array>>;
  /** The bytes of an answer, checked against the digest that it says. @internal */
  verified(response: Response): Promise<Uint8Array<ArrayBuffer>>;
}

async function digestOf(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = crypto as { readonly subtle?: typeof crypto.subtle };
  if (subtle === undefined)
    throw fail('bad-value', {
      what: 'the digest of a blob',
      got: 'a page that was not loaded safely, where browsers do not compute one',
      want: 'a page of https or of localhost, or the option digest',
    });
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

export function blobClient(asking: Asking, at: string): BlobClient {
  const path = (digest: string): string => `${at}/blobs/${encodeURIComponent(digest)}`;

  async function verified(response: Response): Promise<Uint8Array<ArrayBuffer>> {
    const digest = response.headers.get('etag')?.replaceAll('"', '') ?? '';
    const bytes = new Uint8Array(await response.arrayBuffer());
    const got = await digestOf(bytes);
    if (got === digest) return bytes;
    throw fail('corrupt', { file: `The blob ${digest}`, reason: `what came is ${got}`, fix: 'Ask for it again.' });
  }

  return {
    async put(content, { digest: known, signal } = {}) {
      const digest = known ?? (await digestOf(content instanceof Uint8Array ? content : await content.arrayBuffer()));
      const bytes = content instanceof Uint8Array ? new Blob([content]) : content;
      try {
        // A GET of no bytes rather than HEAD, whose errors say nothing.
        const there = await ask(asking, path(digest), { headers: { 'if-none-match': '*' }, signal });
        if (there.status === 304) return { digest, bytes: bytes.size };
      } catch (e) {
        if (!StratusError.is(e) || e.code !== 'file-not-found') throw e;
      }
      return await askJson(asking, path(digest), { method: 'PUT', bytes, signal });
    },
    read: async (digest) => await verified(await ask(asking, path(digest))),
    async stream(digest, { from = 0, signal } = {}) {
      const headers = from === 0 ? {} : { range: `bytes=${from}-` };
      const { body } = await ask(asking, path(digest), { headers, signal });
      return body ?? new ReadableStream({ start: (controller) => controller.close() });
    },
    verified,
  };
}
