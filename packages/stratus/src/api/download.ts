import type { Blob, Blobs } from '../blobs/index.ts';

interface Range {
  readonly from: number;
  /** Of the last byte. */
  readonly to: number;
}

/** The range that is asked for: undefined for all, null for none that there is. Several ranges are not given: all is, as RFC 9110 allows. */
function rangeOf(request: Request, etag: string, bytes: number): Range | null | undefined {
  const condition = request.headers.get('if-range');
  if (condition !== null && condition !== etag) return undefined;
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.headers.get('range') ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return Number(last) === 0 || bytes === 0 ? null : { from: Math.max(0, bytes - Number(last)), to: bytes - 1 };
  const [from, to] = [Number(first), last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)];
  if (last !== '' && Number(last) < from) return undefined;
  return from < bytes ? { from, to } : null;
}

/** All bytes, the last piece only when they were verified: so a damaged blob ends too early instead of well. */
async function* verified(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const piece of pieces) {
    if (held !== undefined) yield held;
    held = piece;
  }
  if (held !== undefined) yield held;
}

async function* cut(pieces: AsyncIterable<Uint8Array>, { from, to }: Range): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of pieces) {
    const part = piece.subarray(Math.max(0, from - at), Math.max(0, to + 1 - at));
    at += piece.length;
    if (part.length > 0) yield part;
    if (at > to) return;
  }
}

/** Asks for a piece when the client has taken the one before. */
const streamOf = (pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );

/**
 * Answers with the bytes of a blob, or a range of them. A browser does not show it: what a run left may be a page with scripts.
 * Source: RFC 9110 (ranges, conditions), RFC 6266.
 */
export function download(request: Request, blobs: Blobs, { digest, bytes }: Blob, name?: string): Response {
  const etag = `"${digest}"`;
  const headers: Record<string, string> = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
  };
  const file = name?.split('/').at(-1);
  headers['content-disposition'] =
    file === undefined
      ? 'attachment'
      : `attachment; filename*=UTF-8''${encodeURIComponent(file).replaceAll(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`;
  const known = request.headers.get('if-none-match');
  if (known !== null && (known === '*' || known.split(/\s*,\s*/).some((tag) => tag.replace(/^W\//, '') === etag)))
    return new Response(null, { status: 304, headers });
  const range = rangeOf(request, etag, bytes);
  if (range === null) return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${bytes}` } });
  const length = range === undefined ? bytes : range.to - range.from + 1;
  headers['content-length'] = String(length);
  if (range !== undefined) headers['content-range'] = `bytes ${range.from}-${range.to}/${bytes}`;
  const status = range === undefined ? 200 : 206;
  if (request.method === 'HEAD' || length === 0) return new Response(null, { status, headers });
  const pieces = blobs.stream(digest);
  return new Response(streamOf(range === undefined ? verified(pieces) : cut(pieces, range)), { status, headers });
}
