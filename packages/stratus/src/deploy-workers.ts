import type { Model } from '@stratus/core';
import type { Deployment, DeployOptions } from './deploy.ts';
import { checkReach } from './deploy-app.ts';
import { rateLimiter } from './keys/index.ts';
import { serveWorkers, type WorkerStart, type WorkersOptions, workerOptions } from './serve-workers.ts';

/** What all workers of a deployment are told. */
export interface DeployWorkerStart extends WorkerStart {
  readonly model: string | Uint8Array;
}

/** What a worker says when it is ready. */
export interface WorkerAbout {
  readonly name: string;
  readonly needsKey: boolean;
  readonly tryIt: string | undefined;
}

/** Serves a model from several processes that share its ports. Errors: those of `deploy`. */
export async function deployWorkers(
  model: Model | string | Uint8Array,
  options: Omit<DeployOptions, keyof WorkersOptions> & WorkersOptions,
): Promise<Deployment> {
  const { host, keys, tokens, withoutKeys, version, registry } = options;
  checkReach(host, (keys ?? tokens ?? options.tls?.ca) !== undefined, withoutKeys);
  const takeTurn = rateLimiter();
  const isPlain = typeof model === 'string' || model instanceof Uint8Array;
  const name = options.name ?? (isPlain ? undefined : model.name);
  const { listening, about, list } = await serveWorkers(options, {
    script: new URL('deploy-worker.js', import.meta.url),
    start: { model: isPlain ? model : await model.toBytes() },
    options: { ...workerOptions(options), keys, tokens, withoutKeys, name, version, registry },
    answers: () => ({ turn: ([id, perMinute]: [string, number]) => takeTurn(id, perMinute) }),
  });
  return { ...listening, host, ...(about as WorkerAbout), workers: list };
}
