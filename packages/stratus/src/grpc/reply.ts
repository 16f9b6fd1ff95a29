import { constants, type ServerHttp2Stream } from 'node:http2';
import { StratusError } from '@stratus/core';
import { encodings } from './frames.ts';
import { grpcCodes, grpcStatusOf } from './status.ts';

/** What is not larger goes out in one piece. */
const together = 65_536;

/** A longer message of an error is cut off: it is in the trailers, which have limits. */
const longestMessage = 1500;

/** Bytes that do not stand for themselves are written as %XX. Source: grpc/grpc, doc/PROTOCOL-HTTP2.md, Percent-Encoded. */
const percentEncoded = (text: string): string =>
  Buffer.from(text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text)
    .toString('latin1')
    .replaceAll(/[^\x20-\x24\x26-\x7e]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': encodings.join(',') };

type Trailers = Readonly<Record<string, string>>;

/** How a call ended, as gRPC says it. */
export interface Ending {
  readonly status: number;
  readonly message: string;
  readonly more?: Trailers;
}

/** What a client is told of an error; whose fault it is tells the status. */
export function endingOf(e: unknown): Ending {
  if (!StratusError.is(e)) return { status: grpcCodes.internal, message: 'internal error' };
  const { retryAfterMs } = e.details as { readonly retryAfterMs?: number };
  const more = {
    'stratus-code': e.code,
    // The client's library waits so long before it tries again.
    ...(e.code === 'busy' && { 'grpc-retry-pushback-ms': String(Math.ceil(retryAfterMs ?? 1000)) }),
  };
  return { status: grpcStatusOf[e.code], message: e.message, more };
}

/** The answer to one call: messages, then how it ended. */
export class Reply {
  readonly #stream: ServerHttp2Stream;
  #isDone = false;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  /** True when it was said how the call ended, or nobody listens. */
  get isDone(): boolean {
    return this.#isDone || this.#stream.destroyed || this.#stream.closed;
  }

  /** Sends a message; resolves when the next one is welcome. */
  async message(parts: readonly Uint8Array[]): Promise<void> {
    if (this.isDone) return;
    const length = parts.reduce((n, part) => n + part.length, 0);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(length, 1);
    const stream = this.#stream;
    this.#begin();
    const all = [prefix, ...parts];
    let flows = true;
    for (const part of length <= together ? [Buffer.concat(all)] : all) if (part.length > 0) flows = stream.write(part);
    if (flows) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        stream.off('drain', go).off('close', go);
        resolve();
      };
      stream.on('drain', go).on('close', go);
    });
  }

  #begin(): void {
    if (this.#stream.headersSent) return;
    this.#stream.respond(head, { waitForTrailers: true });
  }

  /** Says how the call ended. Only the first time counts. */
  end({ status, message, more = {} }: Ending): void {
    if (this.isDone) return;
    this.#isDone = true;
    const stream = this.#stream;
    const trailers = {
      'grpc-status': String(status),
      ...(message !== '' && { 'grpc-message': percentEncoded(message) }),
      ...more,
    };
    if (!stream.headersSent) {
      stream.respond({ ...head, ...trailers }, { endStream: true });
      this.#leave();
      return;
    }
    stream.once('wantTrailers', () => {
      stream.sendTrailers(trailers);
      this.#leave();
    });
    stream.end();
  }

  /** What the client has not sent yet nobody will read: it is told to keep it. */
  #leave(): void {
    const stream = this.#stream;
    if (stream.readableEnded || stream.state.state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE) {
      stream.resume();
      return;
    }
    setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  }
}
