import { fail, type Preprocessing, StratusError, version as stratusVersion, type Tensor } from '@stratus/core';
import type { Ask } from './ask.ts';
import { Batcher } from './batcher.ts';
import type { BatcherOptions } from './batcher-limits.ts';
import { decodeRequest, type WantedOutput } from './decode-request.ts';
import { elementsOf } from './elements.ts';
import { exampleRequest } from './example.ts';
import { classify } from './labels.ts';
import type { ServingObserver } from './observer.ts';
import {
  datatypeOf,
  type InferRequest,
  type InferResponse,
  type ModelMetadata,
  type ResponseOutput,
  type ServerMetadata,
} from './protocol.ts';
import { feedsOfColumns, feedsOfRecords, type PredictRecord, type PredictResponse, predictionsOf } from './records.ts';
import type { Servable, ServablePort, Tensors } from './servable.ts';

interface Served {
  readonly servable: Servable;
  readonly batcher: Batcher;
}

/** Which version of a model is meant; the last one unless told. */
export interface ModelChoice {
  readonly version?: string | undefined;
}

/** Options of {@link DataPlane}. */
export interface DataPlaneOptions extends BatcherOptions {
  /** Is told of requests and runs. */
  readonly observer?: ServingObserver | undefined;
}

/**
 * Answers requests of the Open Inference Protocol v2 for some models: everything about serving but HTTP.
 *
 * Errors of all that name a model: `model-not-found`.
 * Source: Open Inference Protocol v2, REST.
 *
 * @example
 * import { DataPlane, dense, input, openServable, sequential } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const plane = new DataPlane([await openServable(await net.toBytes(), { name: 'net' })]);
 * const { outputs } = await plane.infer('net', { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] });
 * console.log(outputs[0].name, outputs[0].shape); // y [1, 1]
 */
export class DataPlane {
  readonly #models: readonly Served[];
  readonly #observer: ServingObserver | undefined;
  #draining = false;

  /** Takes over the models: `release` frees them. Errors: `bad-value` for limits or two models of one name and version. */
  constructor(servables: readonly Servable[], { observer, ...options }: DataPlaneOptions = {}) {
    this.#observer = observer;
    const names = servables.map(({ name, version }) => `${name}, version ${version}`);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined)
      throw fail('bad-value', { what: 'DataPlane', got: `two models '${twice}'`, want: 'one for each name and version' });
    this.#models = servables.map((servable) => ({ servable, batcher: new Batcher(servable, options) }));
  }

  /** True as long as there is a process to ask. */
  live(): boolean {
    return true;
  }

  /** True while requests are welcome. */
  ready(): boolean {
    return !this.#draining;
  }

  /** From now on it is not ready: who spreads requests shall choose another server. What still comes is answered. */
  drain(): void {
    this.#draining = true;
  }

  serverMetadata(): ServerMetadata {
    return { name: 'stratus', version: stratusVersion, extensions: ['classification'] };
  }

  /** The names of the models. */
  models(): readonly string[] {
    return [...new Set(this.#models.map(({ servable }) => servable.name))];
  }

  modelReady(name: string, { version }: ModelChoice = {}): boolean {
    this.#find(name, version);
    return this.ready();
  }

  modelMetadata(name: string, { version }: ModelChoice = {}): ModelMetadata {
    const { inputs, outputs } = this.#find(name, version).servable;
    const describe = ({ name, dtype, shape, anyRank }: ServablePort) => ({
      name,
      datatype: datatypeOf(dtype),
      shape: anyRank ? [-1] : shape,
    });
    const versions = this.#models.filter(({ servable }) => servable.name === name).map(({ servable }) => servable.version);
    return { name, versions, platform: 'stratus_onnx', inputs: inputs.map(describe), outputs: outputs.map(describe) };
  }

  /** The model itself, for pages that describe it. */
  servable(name: string, { version }: ModelChoice = {}): Servable {
    return this.#find(name, version).servable;
  }

  /** A request that the model can answer. */
  example(name: string, { version }: ModelChoice = {}): InferRequest {
    return exampleRequest(this.#find(name, version).servable);
  }

  /**
   * Asks a model. Requests that come at the same time are answered together where the model allows it.
   *
   * Errors: `bad-request` that says what is wrong with the request, `busy`, `aborted`, `engine`, `released`.
   */
  async infer(
    name: string,
    request: InferRequest,
    { version, signal }: ModelChoice & { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<InferResponse> {
    const { servable, batcher } = this.#find(name, version);
    const { tensors, outputs } = await decodeRequest(servable, request);
    const { preprocessing } = servable;
    const feeds = preprocessing ? await feedsOfColumns(preprocessing, tensors) : tensors;
    const results = await this.#run({ servable, batcher }, feeds, signal);
    const answers: ResponseOutput[] = [];
    for (const output of outputs) answers.push(await answerOf(output, results[output.port.name]!, servable));
    const { id, parameters } = request;
    return {
      model_name: servable.name,
      model_version: servable.version,
      ...(id !== undefined && { id }),
      ...(parameters && { parameters }),
      outputs: answers,
    };
  }

  /**
   * Asks a model with preprocessing about records; one prediction for each. Errors: as `infer`; `bad-request` for a model without preprocessing.
   */
  async predict(
    name: string,
    records: readonly PredictRecord[],
    { version, signal }: ModelChoice & { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<PredictResponse> {
    const served = this.#find(name, version);
    const { servable } = served;
    const outputs = await this.#run(served, await feedsOfRecords(this.preprocessing(name, { version }), records), signal);
    const predictions = await predictionsOf(outputs, records.length, servable.labels);
    return { model_name: servable.name, model_version: servable.version, predictions };
  }

  /**
   * Asks a model with tensors: those that `servable.inputs` names. Every protocol comes here.
   *
   * Errors: as `infer`; `deadline` when its time was over.
   */
  async compute(
    name: string,
    feeds: Tensors,
    { version, signal, protocol = 'compute', client, requestId }: Ask = {},
  ): Promise<{ servable: Servable; outputs: Record<string, Tensor> }> {
    const served = this.#find(name, version);
    const { servable } = served;
    const start = performance.now();
    const record = (code: string) => ({
      model: servable.name,
      version: servable.version,
      protocol,
      rows: Object.values(feeds)[0]?.shape[0] ?? 1,
      code,
      queueMs: 0,
      runMs: 0,
      totalMs: performance.now() - start,
      ...(client !== undefined && { client }),
      ...(requestId !== undefined && { requestId }),
    });
    try {
      const { preprocessing } = servable;
      const outputs = await this.#run(served, preprocessing ? await feedsOfColumns(preprocessing, feeds) : feeds, signal);
      const ok = record('ok');
      this.#observer?.request?.(ok);
      this.#observer?.answered?.(ok, feeds, outputs);
      return { servable, outputs };
    } catch (e) {
      this.#observer?.request?.(record(StratusError.is(e) ? e.code : 'internal'));
      throw e;
    }
  }

  /** What a model does to records. Errors: `bad-request` where it takes none. */
  preprocessing(name: string, { version }: ModelChoice = {}): Preprocessing {
    const { preprocessing } = this.#find(name, version).servable;
    if (preprocessing) return preprocessing;
    const path = `/v2/models/${name}/infer`;
    throw fail('bad-request', {
      reason: `The model '${name}' has no preprocessing, so it takes tensors, not records: POST ${path}.`,
    });
  }

  /** Errors: `bad-request` where it is the client's fault. */
  async #run({ servable, batcher }: Served, feeds: Tensors, signal: AbortSignal | undefined): Promise<Record<string, Tensor>> {
    try {
      return await batcher.infer(feeds, { signal });
    } catch (e) {
      // An index out of range, for instance, shows only in the run. Whose fault it is, another request tells.
      const blamed = StratusError.is(e) && (e.code === 'index-range' || (e.code === 'engine' && (await works(servable))));
      if (!blamed) throw e;
      const reason = String(e.details['reason'] ?? e.message);
      throw fail('bad-request', { reason: `The model '${servable.name}' cannot compute this request: ${reason}` }, e);
    }
  }

  /** Frees the models, after the runs that are on their way. */
  async release(): Promise<void> {
    this.#draining = true;
    await Promise.all(this.#models.map(({ servable }) => servable.release()));
  }

  #find(name: string, version: string | undefined): Served {
    const found = this.#models.filter(({ servable }) => servable.name === name);
    if (found.length === 0) throw fail('model-not-found', { name, known: this.models() });
    const served = version === undefined ? found.at(-1) : found.find(({ servable }) => servable.version === version);
    if (served) return served;
    throw fail('model-not-found', {
      name: `${name}, version ${version}`,
      known: found.map(({ servable }) => `${name}, version ${servable.version}`),
    });
  }
}

/** True when the model can answer its example. */
async function works(servable: Servable): Promise<boolean> {
  try {
    const { preprocessing } = servable;
    const { tensors } = await decodeRequest(servable, exampleRequest(servable));
    await servable.infer(preprocessing ? await feedsOfColumns(preprocessing, tensors) : tensors);
    return true;
  } catch (e) {
    if (StratusError.is(e)) return false;
    throw e;
  }
}

async function answerOf(
  { port: { name }, classification }: WantedOutput,
  tensor: Tensor,
  { labels, outputs }: Servable,
): Promise<ResponseOutput> {
  const batched = tensor.shape.length > 0 && outputs.find((port) => port.name === name)?.shape[0] === -1;
  const shown =
    classification === undefined
      ? tensor
      : classify(tensor, classification, { batched, labels: Object.hasOwn(labels, name) ? labels[name] : undefined });
  return { name, datatype: datatypeOf(shown.dtype), shape: shown.shape, data: await elementsOf(shown) };
}
