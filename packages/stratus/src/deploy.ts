import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { files, type Model } from '@stratus/core';
import { type StopSignal, serveHttp } from './listen.ts';
import {
  DataPlane,
  defaultBodyLimitBytes,
  openServable,
  type RepositoryOptions,
  type ServeAppOptions,
  serveApp,
  writeError,
} from './serve/index.ts';

/** Options of {@link deploy}. */
export interface DeployOptions extends Omit<RepositoryOptions, 'shelf' | 'report'>, ServeAppOptions {
  /** '127.0.0.1' unless told, so that only this machine can ask; '0.0.0.0' for all. */
  readonly host?: string | undefined;
  /** 8080 unless told; 0 picks a free one. */
  readonly port?: number | undefined;
  /** What clients call the model: that of the file or the model unless told. */
  readonly name?: string | undefined;
  /** '1' unless told. */
  readonly version?: string | undefined;
  /** Stops the server as `stop` does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Signals of the operating system that stop the server as `stop` does; ['SIGTERM', 'SIGINT'] unless told. When it has stopped and
   * nobody else handles the signal, the process ends by it, as it would without a server. A second one ends it at once.
   */
  readonly stopOn?: readonly StopSignal[] | undefined;
  /** How long `stop` waits for requests that are on their way; 10 seconds unless told. */
  readonly drainMs?: number | undefined;
  /** A client gets so long to send the head of a request (10 seconds unless told), and so long for all of it (60 seconds). */
  readonly headersTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** A folder of models is looked at so often, in milliseconds; 2,000. */
  readonly lookMs?: number | undefined;
}

/** A server that runs. */
export interface Deployment {
  /** Where to reach it from this machine: 'http://127.0.0.1:8080'. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What clients call the model. */
  readonly name: string;
  /**
   * Stops: takes no new connections, says that it is not ready, lets requests on their way finish, closes the rest, frees the model.
   * May be called again; resolves when all is done.
   */
  stop(): Promise<void>;
}

/** A name that can stand in a URL. */
const plainName = (name: string): string => name.replaceAll(/[/\\\p{Cc}\p{Surrogate}]+/gu, '-').slice(0, 200) || 'model';

/**
 * Serves a model over HTTP, or the models of a folder (`NAME.onnx`, `NAME/VERSION/model.onnx`), which it follows: the Open Inference Protocol v2. Requests that come together are answered by one run. `GET /` tells what
 * can be called.
 *
 * Shapes: any; the first axis of a request is the number of samples. Errors: `port-in-use`, `cannot-listen`, `file-not-found`,
 * `file-failed`, those of `openServable`; to clients, see `serveApp`.
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
  const { host = '127.0.0.1', stopOn = ['SIGTERM', 'SIGINT'], drainMs = 10_000, signal } = options;
  const { bodyLimitBytes = defaultBodyLimitBytes, report = writeError } = options;
  const { name, plane, follow } = await planeFor(model, { ...options, report });
  let stopFollowing = (): void => {};
  try {
    const { fetch } = serveApp(plane, { bodyLimitBytes, report });
    const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000 } = options;
    const { url, port, stop } = await serveHttp((request) => fetch(request), {
      host,
      port: options.port ?? 8080,
      bodyLimitBytes,
      headersTimeoutMs,
      requestTimeoutMs,
      signal,
      stopOn,
      drainMs,
      report,
      onStopping() {
        stopFollowing();
        plane.drain();
      },
      onStopped: () => plane.release(),
    });
    stopFollowing = follow();
    return { url, host, port, name, stop };
  } catch (e) {
    await plane.release();
    throw e;
  }
}

interface Planned {
  readonly name: string;
  readonly plane: DataPlane;
  /** Begins to look for what changes; what it gives ends that. */
  readonly follow: () => () => void;
}

async function planeFor(model: Model | string | Uint8Array, options: DeployOptions): Promise<Planned> {
  const isPath = typeof model === 'string';
  const given = isPath ? basename(model, '.onnx') : model instanceof Uint8Array ? 'model' : model.name;
  const name = options.name ?? plainName(given);
  if (isPath && (await isFolder(model))) {
    const { folderShelf } = await import('./folder-shelf.ts');
    const plane = new DataPlane([], { ...options, shelf: await folderShelf(model) });
    await plane.repository.look();
    return { name, plane, follow: () => following(plane, options.lookMs ?? 2000) };
  }
  const { executor, instances, version } = options;
  const bytes = isPath ? await files.read(model) : model instanceof Uint8Array ? model : await model.toBytes();
  const reread = isPath ? () => files.read(model) : undefined;
  const servable = await openServable(bytes, { name, version, executor, instances, reread, ...(isPath && { file: model }) });
  try {
    return { name, plane: new DataPlane([servable], options), follow: () => () => {} };
  } catch (e) {
    await servable.release();
    throw e;
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );

function following(plane: DataPlane, lookMs: number): () => void {
  let isOver = false;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => void look(), lookMs);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    await plane.repository.look();
    if (!isOver) wait();
  };
  wait();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
