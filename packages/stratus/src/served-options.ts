import type { GrpcPortOptions } from './grpc-port.ts';
import type { StopSignal } from './listen.ts';
import type { MonitorOptions } from './monitor/index.ts';
import type { RepositoryOptions, ServeAppOptions } from './serve/index.ts';
import type { TlsFiles } from './sockets/index.ts';
import type { WorkerEvent } from './workers/index.ts';

/** How models are served, by `deploy` and by `startServer`. */
export interface ServedOptions
  extends Omit<RepositoryOptions, 'shelf' | 'report'>,
    Omit<ServeAppOptions, 'statistics' | 'control'>,
    GrpcPortOptions {
  /** '127.0.0.1' unless told, so that only this machine can ask; '0.0.0.0' for all. */
  readonly host?: string | undefined;
  /** 0 picks a free one. Unless told, what the cloud's container is told (`AIP_HTTP_PORT`, `SAGEMAKER_BIND_TO_PORT`), or 8080. */
  readonly port?: number | undefined;
  /** What is watched: metrics, traffic, drift and labels unless told, nothing where it is false. Logs, captured requests and alerts are for the asking. */
  readonly monitor?: MonitorOptions | false | undefined;
  /** Stops the server as `stop` does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Signals of the operating system that stop the server as `stop` does; ['SIGTERM', 'SIGINT'] unless told. When it has stopped and
   * nobody else handles the signal, the process ends by it, as it would without a server. A second one ends it at once.
   */
  readonly stopOn?: readonly StopSignal[] | undefined;
  /** How long `stop` waits for requests that are on their way; 10 seconds unless told. */
  readonly drainMs?: number | undefined;
  /** HTTPS with this certificate, whose files are read again when they change; with `ca`, for clients that have a certificate too. */
  readonly tls?: TlsFiles | undefined;
  /** Sites whose pages may ask: 'https://example.org'. None unless told. */
  readonly origins?: readonly string[] | undefined;
  /** More connections are closed as they come; 10,000 unless told. */
  readonly maxConnections?: number | undefined;
  /** A client that takes nothing of its answer for so long is dropped; 60 seconds unless told. */
  readonly stalledMs?: number | undefined;
  /** A client gets so long to send the head of a request; 10 seconds unless told. */
  readonly headersTimeoutMs?: number | undefined;
  /** And so long for all of it: 60 seconds unless told, an hour where files are uploaded. */
  readonly requestTimeoutMs?: number | undefined;
  /** Where models come from, a folder or a registry, is looked at so often, in milliseconds; 2,000. */
  readonly lookMs?: number | undefined;
  /**
   * So many processes share the ports and the cores; 1, this one, unless told. One that ends is replaced, and takes with it what it was
   * answering, nothing else. What is counted, and which models there are, is the same in all.
   */
  readonly workers?: number | undefined;
  /** Is told when workers are ready or end. */
  readonly onWorker?: ((event: WorkerEvent) => void) | undefined;
}
