import { fail, type Model } from '@stratus/core';
import type { GrpcServer } from './grpc/index.ts';
import { type GrpcPlace, type GrpcPortOptions, openGrpcPort, placeOf } from './grpc-port.ts';
import type { TokenOptions } from './keys/index.ts';
import type { StopSignal } from './listen.ts';
import type { MonitorOptions } from './monitor/index.ts';
import { type RepositoryOptions, type ServeAppOptions, writeError } from './serve/index.ts';
import type { TlsFiles } from './sockets/index.ts';
import type { WorkerEvent, WorkerStatus } from './workers/index.ts';
import type { WorkspaceOptions } from './workspace/index.ts';

/** Options of {@link deploy}. */
export interface DeployOptions extends Omit<RepositoryOptions, 'shelf' | 'report'>, ServeAppOptions, GrpcPortOptions {
  /** '127.0.0.1' unless told, so that only this machine can ask; '0.0.0.0' for all. */
  readonly host?: string | undefined;
  /** 8080 unless told; 0 picks a free one. */
  readonly port?: number | undefined;
  /** What clients call the model: that of the file or the model unless told. */
  readonly name?: string | undefined;
  /** '1' unless told. */
  readonly version?: string | undefined;
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
  /** A file of keys, as `stratus keys create` writes it, read again when it changes: who asks needs one of them. */
  readonly keys?: string | undefined;
  /** Tokens (JWT) that somebody else gives out: who asks needs one, or a key. */
  readonly tokens?: TokenOptions | undefined;
  /** Other machines may ask without a key, because something before the server checks who asks. */
  readonly withoutKeys?: boolean | undefined;
  /** Sites whose pages may ask: 'https://example.org'. None unless told. */
  readonly origins?: readonly string[] | undefined;
  /** More connections are closed as they come; 10,000 unless told. */
  readonly maxConnections?: number | undefined;
  /** A client that takes nothing of its answer for so long is dropped; 60 seconds unless told. */
  readonly stalledMs?: number | undefined;
  /** A client gets so long to send the head of a request (10 seconds unless told), and so long for all of it (60 seconds). */
  readonly headersTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /**
   * The model is a reference to this registry: 'digits@production', 'digits'. It is followed: when the alias or the model's traffic rule changes, the new version answers as soon as it is loaded and tried. Any number of such
   * servers behind a balancer share what the registry says; it may be left out of reach later, and what is served goes on.
   */
  readonly registry?: WorkspaceOptions | undefined;
  /** A folder of models, and a registry, are looked at so often, in milliseconds; 2,000. */
  readonly lookMs?: number | undefined;
  /**
   * So many processes share the port and the cores; 1, this one, unless told. One that ends is replaced, and takes with it what it was
   * answering, nothing else.
   */
  readonly workers?: number | undefined;
  /** Is told when workers are ready or end. */
  readonly onWorker?: ((event: WorkerEvent) => void) | undefined;
}

/** A server that runs. */
export interface Deployment extends GrpcPlace {
  /** Where to reach it from this machine: 'http://127.0.0.1:8080', or 'https://…' with `tls`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What clients call the model. */
  readonly name: string;
  /** Who asks needs a key or a token. */
  readonly needsKey: boolean;
  /** A command that asks the model, for people. */
  readonly tryIt: string | undefined;
  /** What each worker is doing, with its memory; empty without `workers`. */
  workers(): readonly WorkerStatus[];
  /**
   * Stops: takes no new connections, says that it is not ready, lets requests on their way finish, closes the rest, frees the model.
   * May be called again; resolves when all is done.
   */
  stop(): Promise<void>;
}

/**
 * Serves a model over HTTP, and gRPC with `grpcPort`, or the models of a folder (`NAME.onnx`, `NAME/VERSION/model.onnx`), which it follows, or a model of a registry (`registry`): the Open Inference Protocol v2. Requests that come together are answered by one run. `GET /` tells what
 * can be called.
 *
 * Shapes: any; the first axis of a request is the number of samples. Errors: `usage` where other machines could ask without a key, a token or a certificate; `port-in-use`, `cannot-listen`, `file-not-found`,
 * `file-failed`, those of `openServable`, and with `registry` of `openWorkspace` and `unknown-name`; to clients, see `serveApp`.
 * Source: Open Inference Protocol v2; graceful stop as Kubernetes expects it.
 *
 * @example
 * import { dense, deploy, input, sequential } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const server = await deploy(net, { port: 0, name: 'net' });
 * const response = await fetch(`${server.url}/v2/models/net/infer`, {
 *   method: 'POST',
 *   body: JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }),
 * });
 * console.log((await response.json()).outputs[0].shape); // [1, 1]
 * await server.stop();
 */
export async function deploy(model: Model | string | Uint8Array, options: DeployOptions = {}): Promise<Deployment> {
  const {
    host = '127.0.0.1',
    stopOn = ['SIGTERM', 'SIGINT'],
    drainMs = 10_000,
    signal,
    report = writeError,
    workers = 1,
  } = options;
  if (!Number.isSafeInteger(workers) || workers < 1 || workers > 1024)
    throw fail('bad-value', { what: 'workers', got: String(workers), want: 'a whole number from 1 to 1024' });
  const common = { host, port: options.port ?? 8080, stopOn, drainMs, signal, report };
  if (workers > 1) {
    if (options.grpcPort !== undefined)
      throw fail('usage', { reason: 'gRPC is served by one process.', fix: 'Leave out grpcPort, or workers.' });
    const { deployWorkers } = await import('./deploy-workers.ts');
    return await deployWorkers(model, { ...options, ...common, workers });
  }
  // Sockets, certificates and keys are loaded by those who serve; who trains does not wait for them.
  const [{ openDeployedApp }, { serveHttp }] = await Promise.all([import('./deploy-app.ts'), import('./listen.ts')]);
  const app = await openDeployedApp(model, { ...options, host, report });
  let grpc: GrpcServer | undefined;
  try {
    const { plane, statistics, http, authorize } = app;
    grpc = await openGrpcPort(plane, { ...http, host, drainMs, statistics, authorize, grpcPort: options.grpcPort });
    const { url, port, stop } = await serveHttp(app.fetch, {
      ...app.http,
      ...common,
      onStopping() {
        app.drain();
        void grpc?.stop(); // while requests over HTTP finish
      },
      async onStopped() {
        await grpc?.stop();
        await app.release();
      },
    });
    return {
      url,
      host,
      port,
      ...placeOf(grpc),
      name: app.name,
      needsKey: app.needsKey,
      tryIt: await app.tryIt(url),
      workers: () => [],
      stop,
    };
  } catch (e) {
    await grpc?.stop();
    await app.release();
    throw e;
  }
}
