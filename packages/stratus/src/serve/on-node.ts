// What serving many requests is worth in Node: answers written to the socket at once, and signals that are used again.
// A Response with its stream, and an AbortController for each request, take longer than a small model does.
import type { ServerResponse } from 'node:http';
import type { Answer } from './route.ts';

/** What an application is given besides the request where it runs in Node. */
export interface OnNode {
  readonly outgoing?: ServerResponse;
}

/** What `@hono/node-server` is told by where an answer was written already: its own RESPONSE_ALREADY_SENT, without its server; one for each status, for logs. Made with the first answer: Node loads its client for HTTP with the first Response. */
const alreadySent = new Map<number, Response>();

/** Writes an answer where it belongs. */
export function writeOnNode({ status, headers, body }: Answer, outgoing: ServerResponse): Response {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  outgoing.writeHead(status, { ...headers, 'content-length': length });
  outgoing.end(body);
  let response = alreadySent.get(status);
  if (response === undefined)
    alreadySent.set(status, (response = new Response(null, { status, headers: { 'x-hono-already-sent': 'true' } })));
  return response;
}

/** So many signals wait to be used again. */
const mostFree = 256;

/** Says whether the client of a request has left. */
export interface Departure {
  readonly signal: AbortSignal;
  /** The request is over: nobody listens to the signal any more. */
  end(): void;
}

/** Departures of clients. A signal that did not fire is used for another request. */
export class Departures {
  readonly #free: AbortController[] = [];

  /** `onLeave` calls what it is given when the client leaves, until what comes back is called. */
  of(onLeave: (leave: () => void) => () => void): Departure {
    const controller = this.#free.pop() ?? new AbortController();
    const off = onLeave(() => controller.abort(new Error('The client has closed the connection.')));
    return {
      signal: controller.signal,
      end: () => {
        off();
        if (!controller.signal.aborted && this.#free.length < mostFree) this.#free.push(controller);
      },
    };
  }
}

/** Calls when the client of an answer leaves before it has it. */
export const leaving =
  (outgoing: ServerResponse) =>
  (leave: () => void): (() => void) => {
    const closed = (): void => {
      if (!outgoing.writableFinished) leave();
    };
    if (outgoing.destroyed) closed();
    outgoing.once('close', closed);
    return () => void outgoing.off('close', closed);
  };
