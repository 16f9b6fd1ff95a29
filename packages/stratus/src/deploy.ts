import type { Model } from '@stratus/core';
import { checkWorkers } from './check-workers.ts';
import { servingPort } from './container.ts';
import type { DeployedOptions } from './deploy-app.ts';
import type { GrpcPlace } from './grpc-port.ts';
import { writeError } from './serve/index.ts';
import type { WorkerStatus } from './workers/index.ts';

/** Options of {@link deploy}. */
export interface DeployOptions extends DeployedOptions {}

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
  checkWorkers(workers);
  const common = { host, port: options.port ?? servingPort(process.env), stopOn, drainMs, signal, report };
  if (workers > 1) {
    const { deployWorkers } = await import('./deploy-workers.ts');
    return await deployWorkers(model, { ...options, ...common, workers });
  }
  // Sockets, certificates and keys are loaded by those who serve; who trains does not wait for them.
  const [{ openDeployedApp }, { serveHere }] = await Promise.all([import('./deploy-app.ts'), import('./serve-here.ts')]);
  const app = await openDeployedApp(model, { ...options, host, drainMs, report });
  try {
    const listening = await serveHere(app, { ...common, grpcPort: options.grpcPort });
    const { name, needsKey } = app;
    return { ...listening, host, name, needsKey, tryIt: await app.tryIt(listening.url), workers: () => [] };
  } catch (e) {
    await app.release();
    throw e;
  }
}
