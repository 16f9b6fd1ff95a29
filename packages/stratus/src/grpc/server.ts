import { setMaxListeners } from 'node:events';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { callable, listen } from '../listen.ts';
import { type DataPlane, defaultBodyLimitBytes, type RepositoryControl, type StatisticsSource } from '../serve/index.ts';
import type { Certificates } from '../sockets/index.ts';
import { answerCall, type Calling } from './call.ts';
import { Memory } from './frames.ts';
import { healthService } from './health.ts';
import { inferenceService } from './inference.ts';
import { reflectionService } from './reflection.ts';

/** How gRPC is served. */
export interface GrpcServing {
  /** Larger messages are refused before they are read; 16 MB unless told. */
  readonly bodyLimitBytes?: number | undefined;
  /** So many calls at once on one connection; 128 unless told. */
  readonly maxStreams?: number | undefined;
  /** A message has to be there so long after it began; 60 seconds unless told. */
  readonly requestTimeoutMs?: number | undefined;
  /** A connection has so long to say that it speaks HTTP/2; 10 seconds unless told. */
  readonly headersTimeoutMs?: number | undefined;
  /** Connections that are quiet are asked so often whether they are there; a minute unless told. */
  readonly keepAliveMs?: number | undefined;
  /** And have so long to answer; 20 seconds unless told. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** How long `stop` waits for calls that are on their way; 10 seconds unless told. */
  readonly drainMs?: number | undefined;
  /** Plain connections unless told. */
  readonly certificates?: Certificates | undefined;
  /** More connections are closed as they come; 10,000 unless told. */
  readonly maxConnections?: number | undefined;
  /** Who asks; everybody may where it is left out. Errors: `not-authorized`, `forbidden`. */
  readonly authorize?: Calling['authorize'];
  /** False while models are still to be loaded; true unless told. */
  readonly isLoaded?: (() => boolean) | undefined;
  readonly statistics?: StatisticsSource | undefined;
  /** Who loads models and puts them away; the data plane unless told. */
  readonly control?: RepositoryControl | undefined;
  /** Is told of errors that are not the client's. */
  readonly report: (error: unknown) => void;
}

/** Options of {@link serveGrpc}. */
export interface GrpcOptions extends GrpcServing {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/** A server that can be given connections. */
export interface GrpcDoor {
  readonly server: Http2Server | Http2SecureServer;
  /** As `GrpcServer.stop`. */
  stop(): Promise<void>;
}

/** A gRPC server that runs. */
export interface GrpcServer {
  readonly port: number;
  /** What clients are given: '127.0.0.1:8001'. */
  readonly address: string;
  /** Says that it is not ready, takes no new calls, lets those on their way finish, closes the rest. May be called again. */
  stop(): Promise<void>;
}

/** So many pings within so long are more than any library sends. */
const [mostPings, pingsMs] = [500, 10_000];

/** Watches over one connection: that it speaks HTTP/2, is there, and does not only ping. */
function attend(
  session: ServerHttp2Session,
  options: Required<Pick<GrpcOptions, 'headersTimeoutMs' | 'keepAliveMs' | 'keepAliveTimeoutMs'>>,
) {
  const end = () => session.destroy();
  const handshake = setTimeout(end, options.headersTimeoutMs);
  session.once('remoteSettings', () => clearTimeout(handshake));
  let answerBy: NodeJS.Timeout | undefined;
  const asking = setInterval(() => {
    if (answerBy !== undefined || session.destroyed) return;
    answerBy = setTimeout(end, options.keepAliveTimeoutMs);
    const asked = session.ping(() => {
      clearTimeout(answerBy);
      answerBy = undefined;
    });
    if (!asked) end();
  }, options.keepAliveMs);
  let pings = 0;
  let since = performance.now();
  session.on('ping', () => {
    const now = performance.now();
    if (now - since > pingsMs) [pings, since] = [0, now];
    if (++pings <= mostPings) return;
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
    end();
  });
  session.on('error', () => {}); // whatever it is, it is the client's, and the connection ends
  session.once('close', () => {
    clearTimeout(handshake);
    clearTimeout(answerBy);
    clearInterval(asking);
  });
}

/**
 * The Open Inference Protocol v2 over gRPC, with Triton's extensions, the health service and reflection. It speaks gRPC only; every
 * decision is the data plane's. The server does not listen.
 *
 * Errors: to clients, see `status.ts`.
 * Source: grpc/grpc, doc/PROTOCOL-HTTP2.md; Open Inference Protocol v2, gRPC; Triton Inference Server, grpc_service.proto.
 */
export async function grpcDoor(plane: DataPlane, options: GrpcServing): Promise<GrpcDoor> {
  const {
    bodyLimitBytes = defaultBodyLimitBytes,
    requestTimeoutMs = 60_000,
    maxStreams = 128,
    drainMs = 10_000,
    certificates,
  } = options;
  const { headersTimeoutMs = 10_000, keepAliveMs = 60_000, keepAliveTimeoutMs = 20_000, report, authorize } = options;
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // every stream listens
  const { statistics, control, isLoaded = () => true } = options;
  const isReady = () => !stopping.signal.aborted && isLoaded() && plane.ready();
  const own = [...inferenceService({ plane, isLoaded, statistics, control, report }), ...healthService(isReady)];
  const methods = new Map([...own, ...reflectionService(own)].map((method) => [`/${method.service}/${method.name}`, method]));
  const calling: Calling = {
    methods,
    messageLimitBytes: bodyLimitBytes,
    requestTimeoutMs,
    memory: new Memory(),
    authorize,
    stopping: stopping.signal,
    report,
    refused: (refusal) => plane.refused(refusal),
  };
  const settings = { maxConcurrentStreams: maxStreams, initialWindowSize: 2 ** 20, maxHeaderListSize: 16_384, enablePush: false };
  const limits = { settings, maxSessionMemory: 64 };
  const secure = certificates
    ? createSecureServer({
        ...limits,
        ...certificates.context,
        requestCert: certificates.asksClients,
        rejectUnauthorized: certificates.asksClients,
      })
    : undefined;
  const server = secure ?? createServer(limits);
  server.maxConnections = options.maxConnections ?? 10_000;
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    attend(session, { headersTimeoutMs, keepAliveMs, keepAliveTimeoutMs });
    session.setLocalWindowSize(4 * 2 ** 20); // of all calls together: a large tensor need not wait for permission
  });
  server.on('connection', (socket: Socket) => socket.setNoDelay(true));
  server.on('stream', (stream, headers) => void answerCall(stream, headers, calling));
  server.on('sessionError', () => {});
  const followed = secure && (await certificates!.follow(secure, report));

  const drain = async (): Promise<void> => {
    stopping.abort();
    followed?.close();
    const closed = Promise.all([
      new Promise<void>((resolve) => void server.close(() => resolve())),
      // Where the port is another process', the server knows of no connection.
      ...[...sessions].map((session) => new Promise<void>((resolve) => void session.once('close', resolve))),
    ]);
    for (const session of sessions) session.close();
    const limit = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, drainMs);
    await closed;
    clearTimeout(limit);
  };
  let stopped: Promise<void> | undefined;
  return { server, stop: () => (stopped ??= drain()) };
}

/** Serves gRPC on a port. Errors: `port-in-use`, `cannot-listen`; as `grpcDoor`. */
export async function serveGrpc(plane: DataPlane, { host, port: wanted, ...options }: GrpcOptions): Promise<GrpcServer> {
  const { server, stop } = await grpcDoor(plane, options);
  await listen(server, host, wanted, '--grpc-port');
  server.on('error', options.report); // no more file descriptors, for instance: it can go on
  const { port } = server.address() as AddressInfo;
  return { port, address: `${callable(host)}:${port}`, stop };
}
