// Calls of gRPC put together by hand, as those send them who mean no good.
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';

/** A message with its head, which may say something else of it than what is so. */
export function framed(message: Uint8Array, { flag = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([head, message]);
}

/** How a call ended: by a status, or cut off, which has neither status. */
export interface Ended {
  readonly http: number | undefined;
  readonly status: number | undefined;
  readonly message: string;
  readonly bytes: Buffer;
}

/** `once` of node:events would fail where it ends by an error. */
export const closing = (what: ClientHttp2Stream | ClientHttp2Session): Promise<void> =>
  new Promise((resolve) => void what.once('close', () => resolve()));

export async function ending(stream: ClientHttp2Stream): Promise<Ended> {
  const parts: Buffer[] = [];
  const heads: Record<string, unknown>[] = [];
  stream.on('response', (headers) => heads.push(headers));
  stream.on('trailers', (headers) => heads.push(headers));
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('error', () => {});
  if (!stream.destroyed) await closing(stream);
  const head = Object.assign({}, ...heads) as Record<string, unknown>;
  const status = head['grpc-status'];
  return {
    http: head[':status'] as number | undefined,
    status: status === undefined ? undefined : Number(status),
    message: decodeURIComponent(String(head['grpc-message'] ?? '')),
    bytes: Buffer.concat(parts),
  };
}
