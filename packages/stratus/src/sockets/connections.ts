import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What a client may take of a server by its connections alone. */
export interface ConnectionLimits {
  /** So long for the head of a request, and for the handshake of TLS; so long for all of the request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** More connections are closed as they come; 10,000 unless told. */
  readonly maxConnections?: number | undefined;
  /** A client that takes nothing of its answer for so long is dropped; 60 seconds unless told. */
  readonly stalledMs?: number | undefined;
  /** Is told of requests that are refused before anybody could be asked. */
  readonly refused?: ((refusal: WireRefusal) => void) | undefined;
}

/** Why something did not become a request. */
export interface WireRefusal {
  /** 'not-http', 'head-too-large', 'too-many-headers', 'too-late' or 'expectation'. */
  readonly code: string;
  /** The status that the client got; 'closed' where an answer could have been taken for that to an earlier request. */
  readonly status: string;
}

/** Longer than the minute for which those who spread requests keep connections: whoever closes first must not be we, or a request is lost. */
export const keepAliveMs = 65_000;

/** A client that takes nothing of its answer for so long is dropped, unless told. */
export const stalledMs = 60_000;

/** The head of a request, in bytes and in lines. */
export const headerLimits = { bytes: 16 * 1024, lines: 500 } as const;

/** Where it is so, the request is refused: nobody needs so many, and comparing each with each takes long. */
export const tooManyHeaders = ({ rawHeaders }: IncomingMessage): boolean => rawHeaders.length > 2 * headerLimits.lines;

/** What the parser of HTTP says of a request that is none, and what the client is told. */
const refusals: Readonly<Record<string, readonly [code: string, status: string, error: string]>> = {
  HPE_HEADER_OVERFLOW: [
    'head-too-large',
    '431 Request Header Fields Too Large',
    `The head of the request is larger than ${headerLimits.bytes} bytes.`,
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['not-http', '413 Payload Too Large', 'The extensions of a chunk are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['too-late', '408 Request Timeout', 'The request did not arrive in time.'],
};

const notHttp = ['not-http', '400 Bad Request', 'This is no HTTP request that can be read in one way only.'] as const;

const answerOf = (status: string, error: string): string => {
  const body = JSON.stringify({ error, code: 'bad-request' });
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
};

/** The connections of a server. */
export interface Connections {
  /** Waits, not longer than this, until those that have just come have sent their first request: whoever was let in shall be answered. */
  allHeard(limitMs: number): Promise<void>;
  /** A request has come on this one. */
  heard(socket: Socket): void;
  /** Closes all at once, those too that have not yet said anything. */
  destroy(): void;
}

/**
 * Holds clients to the limits, and answers what is no HTTP in the form of all errors. Behind such a request nothing more is read: what a
 * proxy before us took for the body of one request must not become another one.
 */
export function guardConnections(
  server: Server,
  { headersTimeoutMs, requestTimeoutMs, ...limits }: ConnectionLimits,
): Connections {
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.maxConnections = limits.maxConnections ?? 10_000;
  server.keepAliveTimeout = keepAliveMs;
  server.maxHeadersCount = 0; // none is dropped in silence: their size is limited, and `tooManyHeaders` refuses

  // A client that reads nothing keeps its answer in our memory. Only that is looked at: a run may take as long as it takes.
  server.timeout = limits.stalledMs ?? stalledMs;
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0) socket.destroy();
  });

  const sockets = new Set<Socket>();
  const silent = new Set<Socket>();
  let allHeard: (() => void) | undefined;
  const heard = (socket: Socket): void => {
    if (silent.delete(socket) && silent.size === 0) allHeard?.();
  };
  const silentOnes = server.listenerCount('secureConnection') > 0 ? 'secureConnection' : 'connection';
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on(silentOnes, (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => heard(socket));
  });

  const waiting = new WeakMap<Socket, Set<ServerResponse>>();
  server.on('request', ({ socket }, response) => {
    heard(socket);
    const own = waiting.get(socket) ?? new Set();
    waiting.set(socket, own.add(response));
    response.once('close', () => own.delete(response));
  });
  server.on('clientError', (failure: NodeJS.ErrnoException, socket: Socket) => {
    const isRefused = failure.code !== undefined && (failure.code.startsWith('HPE_') || failure.code in refusals);
    if (!isRefused || !socket.writable) return void socket.destroy(); // the connection broke, or had got its last answer
    // Where an answer is due to an earlier request, ours would be taken for it; to the one that is on its way, ours is the answer.
    const [due, another] = waiting.get(socket) ?? [];
    const mayAnswer = due === undefined || (another === undefined && !due.headersSent && !due.req.complete);
    const [code, status, error] = refusals[failure.code!] ?? notHttp;
    // Whose body breaks off has been asked for already, and is counted there; and who leaves in the middle of a head has asked for nothing.
    const isCounted = (due === undefined || !mayAnswer) && failure.code !== 'HPE_INVALID_EOF_STATE';
    if (isCounted) limits.refused?.({ code, status: mayAnswer ? status.slice(0, 3) : 'closed' });
    if (mayAnswer) socket.end(answerOf(status, error), () => socket.destroy());
    else socket.destroy();
  });
  server.on('tlsClientError', (_, socket: Socket) => socket.destroy());
  return {
    heard,
    async allHeard(limitMs) {
      if (silent.size === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        allHeard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    destroy() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
