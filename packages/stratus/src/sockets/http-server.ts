import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Certificates } from './certificates.ts';
import { type ConnectionLimits, guardConnections, headerLimits, keepAliveMs, stalledMs, tooManyHeaders } from './connections.ts';
import { exchangeOf, type Quick } from './exchange.ts';
import type { Followed } from './followed-files.ts';
import { answerWholeRequests } from './whole-requests.ts';

type CreateServer = (settings: object, listener: RequestListener) => Server;

/** How a server answers. */
export interface HttpServerOptions extends ConnectionLimits {
  readonly host: string;
  /** A body that says itself to be larger is refused before it is sent. */
  readonly bodyLimitBytes: number;
  /** Answers a request at once, or says that it does not: then `fetch` is asked. */
  readonly quick?: Quick | undefined;
  /** HTTPS where they are given. */
  readonly certificates?: Certificates | undefined;
  /** Is told of what goes wrong with the server as such. */
  readonly report: (error: unknown) => void;
}

/** A server that can be given connections. */
export interface HttpServer {
  readonly server: Server;
  /** Reads the certificates again; undefined without any. */
  readonly certificates: Followed | undefined;
  /** Ends: no new connections, what is on its way to its end or to the limit, then the rest. */
  drain(limitMs: number): Promise<void>;
}

/** An application of web standards. */
export type Fetch = (request: Request, node?: NodeRequest) => Response | Promise<Response>;

/** What Node knows of a request besides: who serves many of them may answer it there. */
export interface NodeRequest {
  readonly outgoing?: ServerResponse;
}

/** Counts the requests that have come and are not yet answered. */
class Traffic {
  #open = 0;
  #empty: (() => void) | undefined;

  constructor(server: Server) {
    server.on('request', (_, response) => void response.once('close', this.begin()));
  }

  /** A request has come; it is over when what comes back is called. */
  begin(): () => void {
    this.#open++;
    return () => {
      this.#open--;
      if (this.#open === 0) this.#empty?.();
    };
  }

  async idle(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => void (this.#empty = resolve));
  }
}

/** Whoever has connected sends its request within that time, or was not about to. */
const silenceMs = 300;

const refusal = (): Response =>
  Response.json(
    { error: `The request has more than ${headerLimits.lines} headers.`, code: 'bad-request' },
    { status: 431, headers: { connection: 'close' } },
  );

/** Makes the server; it does not listen yet. */
export async function httpServer(fetch: Fetch, options: HttpServerOptions): Promise<HttpServer> {
  const { host, bodyLimitBytes, quick, certificates, headersTimeoutMs, requestTimeoutMs, refused, report } = options;
  const { createAdaptorServer } = await import('@hono/node-server');
  const { createServer } = certificates ? await import('node:https') : await import('node:http');
  const answer = (
    request: Request,
    { incoming, outgoing }: { incoming: unknown; outgoing: unknown },
  ): Response | Promise<Response> => {
    if (!tooManyHeaders(incoming as IncomingMessage)) return fetch(request, { outgoing: outgoing as ServerResponse });
    refused?.({ code: 'too-many-headers', status: '431' });
    return refusal();
  };
  const server = createAdaptorServer({
    fetch: answer as Parameters<typeof createAdaptorServer>[0]['fetch'],
    hostname: host,
    overrideGlobalObjects: false, // the process is the user's, and so are its Request and Response
    createServer: ((settings: object, listener: RequestListener) =>
      (createServer as CreateServer)(settings, (incoming, outgoing) => {
        const exchange = quick && !tooManyHeaders(incoming) ? exchangeOf(incoming, outgoing) : undefined;
        if (!exchange || !quick!(exchange)) listener(incoming, outgoing);
      })) as never,
    serverOptions: {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs, requestTimeoutMs),
      maxHeaderSize: headerLimits.bytes,
      ...(certificates && {
        ...certificates.context,
        handshakeTimeout: headersTimeoutMs,
        ALPNProtocols: ['http/1.1'],
        requestCert: certificates.asksClients,
        rejectUnauthorized: certificates.asksClients,
      }),
    },
  }) as Server;
  const traffic = new Traffic(server);
  if (quick && !certificates) {
    answerWholeRequests(server, {
      quick,
      headersTimeoutMs,
      stalledMs: options.stalledMs ?? stalledMs,
      keepAliveMs,
      maxHeaderBytes: headerLimits.bytes,
      silent: (socket) =>
        void server.emit('clientError', Object.assign(new Error('timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket),
      began(socket) {
        connections.heard(socket);
        return traffic.begin();
      },
    });
  }
  const connections = guardConnections(server, options);
  server.on('checkContinue', (request, response) => {
    // A client that asks before it sends a large body gets its refusal at once.
    const goOn = (): void => {
      if (!response.headersSent && !(Number(request.headers['content-length']) > bodyLimitBytes)) response.writeContinue();
    };
    // While an earlier request on the connection is not answered, Node would put it behind the head of the answer, where the body is due. Where the answer is there first, Node closes behind it.
    if (response.socket) goOn();
    else response.once('socket', goOn);
    server.emit('request', request, response);
  });
  // Node's own refusal says nothing.
  server.on('checkExpectation', ({ headers }, response) => {
    refused?.({ code: 'expectation', status: '417' });
    const error = `The header 'expect' is ${JSON.stringify(String(headers.expect).slice(0, 100))}; only 100-continue can be met. Leave it out.`;
    response.writeHead(417, { 'content-type': 'application/json' }).end(JSON.stringify({ error, code: 'bad-request' }));
  });
  const followed = await certificates?.follow(server as never, report);
  return {
    server,
    certificates: followed,
    async drain(limitMs) {
      followed?.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      const answered = async () => {
        await connections.allHeard(silenceMs);
        await traffic.idle();
      };
      await Promise.race([answered(), limit]);
      clearTimeout(timer);
      connections.destroy();
      await closed;
    },
  };
}
