import type { IncomingMessage, ServerResponse } from 'node:http';
import { fail } from '@stratus/core';

/** A request and the way back, without what makes a request of web standards: that takes longer than a small model does. */
export interface Exchange {
  readonly method: string;
  /** The path, as it came. */
  readonly url: string;
  /** The size of its body. */
  readonly size: number;
  /** What it says under a name in small letters; null where it says nothing. */
  header(name: string): string | null;
  /** Its body. Errors: `aborted` when the client went away. */
  body(): Promise<Uint8Array>;
  /** `leave` is called where the client goes before it has its answer; what comes back ends that. */
  onLeave(leave: () => void): () => void;
  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array): void;
}

/** Answers a request, or says that it does not; then it must not have touched it. */
export type Quick = (exchange: Exchange) => boolean;

const plainHost = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Requests with one of these are for those who know all about HTTP. */
const unusual = ['transfer-encoding', 'content-encoding', 'expect', 'origin', 'upgrade', 'trailer', 'te'];

/** The size of the body of a request that has nothing unusual about it; undefined for any other. */
export function plainSize(header: (name: string) => string | undefined): number | undefined {
  const length = header('content-length');
  if (length === undefined || !/^\d{1,15}$/.test(length)) return undefined;
  if (!plainHost.test(header('host') ?? '')) return undefined;
  for (const name of unusual) if (header(name) !== undefined) return undefined;
  return Number(length);
}

/** The exchange of a request of Node; undefined where it is an unusual one. */
export function exchangeOf(incoming: IncomingMessage, outgoing: ServerResponse): Exchange | undefined {
  const { headers } = incoming;
  const size = plainSize((name) => headers[name] as string | undefined);
  if (size === undefined) return undefined;
  return {
    method: incoming.method!,
    url: incoming.url!,
    size,
    header(name) {
      const value = headers[name];
      return value === undefined ? null : String(value);
    },
    body: () => bodyOf(incoming, size),
    onLeave(leave) {
      const closed = (): void => {
        if (!outgoing.writableFinished) leave();
      };
      if (outgoing.destroyed) closed();
      outgoing.once('close', closed);
      return () => void outgoing.off('close', closed);
    },
    answer(status, about, body) {
      const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
      outgoing.writeHead(status, { ...about, 'content-length': length });
      outgoing.end(body);
    },
  };
}

/** The parser sees to it that a body has the size that was said. */
function bodyOf(incoming: IncomingMessage, size: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let isWhole = false;
    incoming.on('data', (part: Buffer) => void parts.push(part));
    incoming.once('end', () => {
      isWhole = true;
      resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts, size));
    });
    const gone = (cause?: unknown): void => {
      if (!isWhole) reject(fail('aborted', { what: 'Reading the request' }, cause));
    };
    incoming.once('error', gone);
    incoming.once('close', gone);
  });
}
