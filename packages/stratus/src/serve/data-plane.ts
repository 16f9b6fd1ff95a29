import { fail, type Preprocessing, version as stratusVersion, type Tensor } from '@stratus/core';
import type { Ask } from './ask.ts';
import { blamed } from './blame.ts';
import { decodeRequest, type WantedOutput } from './decode-request.ts';
import { elementsOf } from './elements.ts';
import { exampleRequest } from './example.ts';
import { classify } from './labels.ts';
import type { FieldsOf, Refusal } from './observer.ts';
import {
  datatypeOf,
  type InferRequest,
  type InferResponse,
  type ModelMetadata,
  type ResponseOutput,
  type ServerMetadata,
} from './protocol.ts';
import {
  feedsOfColumns,
  feedsOfRecords,
  fieldsOfColumns,
  fieldsOfRecords,
  type PredictRecord,
  type PredictResponse,
  predictionsOf,
} from './records.ts';
import { Repository, type RepositoryOptions } from './repository.ts';
import { requestRecord } from './request-record.ts';
import type { WatchDrift, WatchHealth } from './rollout.ts';
import type { Servable, ServablePort, Tensors } from './servable.ts';
import type { Served } from './served.ts';
import { Traffic } from './traffic.ts';
import type { TrafficChange } from './traffic-rule.ts';

/** Which version of a model is meant: a number, or an alias; the standard one unless told. */
export interface ModelChoice {
  readonly version?: string | undefined;
  /** The name of a route of the traffic rule: what is asked when no version is given. */
  readonly label?: string | undefined;
}

/** Options of {@link DataPlane}. */
export interface DataPlaneOptions extends RepositoryOptions {
  /** Is told when a traffic rule changes, by hand or by a roll-back. */
  readonly trafficChanged?: ((change: TrafficChange) => void) | undefined;
  /** Who watches how far versions move while a rule holds: that of a monitor. */
  readonly watchDrift?: WatchDrift | undefined;
  /** Who judges versions under a rule by their failures and times; this process alone unless told. */
  readonly watchHealth?: WatchHealth | undefined;
}

/** What a model said, and how to say it. */
interface Outcome {
  readonly served: Served;
  readonly outputs: Record<string, Tensor>;
}

/** What a version is fed, and what the fields of records were, where it has preprocessing. */
interface Fed {
  readonly feeds: Tensors;
  readonly fields?: FieldsOf | undefined;
}

/** Makes what a version is fed of what came. */
type ToFeeds = (servable: Servable) => Promise<Fed>;

/**
 * Answers requests for some models: everything about serving but protocols. Models are given, or come from a shelf, which it follows; `repository` says which there
 * are, `traffic` which version answers. A model may be named with an alias: 'digits@production'.
 *
 * Errors of all that name a model: `model-not-found`.
 * Source: Open Inference Protocol v2, REST.
 *
 * @example
 * import { DataPlane, dense, input, openServable, sequential, tensor } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const plane = new DataPlane([await openServable(await net.toBytes(), { name: 'net' })]);
 * const { outputs } = await plane.compute('net', { x: tensor([[1, 2]]) }, { deadlineMs: 10_000 });
 * console.log(outputs.y.shape); // [1, 1]
 * await plane.release();
 */
export class DataPlane {
  readonly repository: Repository;
  readonly traffic: Traffic;
  readonly #options: DataPlaneOptions;
  #draining = false;

  /** Takes over the models: `release` frees them. Errors: `bad-value` for limits or two models of one name and version. */
  constructor(servables: readonly Servable[], options: DataPlaneOptions = {}) {
    const names = servables.map(({ name, version }) => `${name}, version ${version}`);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined)
      throw fail('bad-value', { what: 'DataPlane', got: `two models '${twice}'`, want: 'one for each name and version' });
    this.#options = options;
    this.repository = new Repository(servables, options);
    const { trafficChanged: changed, watchDrift, watchHealth, observer } = options;
    const shadowed = observer?.shadowed?.bind(observer);
    this.traffic = new Traffic(this.repository, { changed, watchDrift, watchHealth, shadowed });
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
    return this.repository.names();
  }

  /**
   * Loads a model that is loaded only when it is asked; the other methods but `compute`, `infer` and `predict` need it in memory. Errors: those of
   * `openServable`, `busy` when there is no memory for it now.
   */
  async wake(name: string, choice: ModelChoice = {}): Promise<void> {
    (await this.repository.hold(name, this.#meant(name, choice))).letGo();
  }

  /** What is read as a version that is told, else as that of the route that is named, or that most requests go to: those of a rule that share requests take the same. */
  #meant(name: string, { version, label }: ModelChoice): string | undefined {
    return version ?? this.traffic.expects(name, label);
  }

  modelReady(name: string, choice: ModelChoice = {}): boolean {
    return this.repository.loaded(name, this.#meant(name, choice)) !== undefined && this.ready();
  }

  modelMetadata(name: string, choice: ModelChoice = {}): ModelMetadata {
    const { inputs, outputs } = this.servable(name, choice);
    const describe = ({ name, dtype, shape, anyRank }: ServablePort) => ({
      name,
      datatype: datatypeOf(dtype),
      shape: anyRank ? [-1] : shape,
    });
    const versions = this.repository.versions(name);
    return { name, versions, platform: 'stratus_onnx', inputs: inputs.map(describe), outputs: outputs.map(describe) };
  }

  /** The model itself. Errors: `busy` for one that is not in memory: see `wake`. */
  servable(name: string, choice: ModelChoice = {}): Servable {
    const served = this.repository.loaded(name, this.#meant(name, choice));
    if (!served) throw fail('busy', { waiting: 0, retryAfterMs: 1000 });
    return served.servable;
  }

  /** A request that the model can answer. */
  example(name: string, choice: ModelChoice = {}): InferRequest {
    return exampleRequest(this.servable(name, choice));
  }

  /**
   * Asks a model with tensors, those that `servable.inputs` names, or where it has preprocessing also those that its graph is fed. Every protocol comes here.
   *
   * Errors: as `infer`.
   */
  async compute(name: string, tensors: Tensors, ask: Ask = {}): Promise<{ servable: Servable; outputs: Record<string, Tensor> }> {
    const toFeeds: ToFeeds = async ({ preprocessing, inputs }) => {
      const areFields = Object.keys(tensors).every((given) => inputs.some((port) => port.name === given));
      return preprocessing && areFields ? await fedColumns(preprocessing, tensors) : { feeds: tensors };
    };
    return await this.#ask(name, ask, 'compute', toFeeds, async ({ served, outputs }) => ({
      servable: served.servable,
      outputs,
    }));
  }

  /**
   * Asks a model as the Open Inference Protocol does. Requests that come at the same time are answered together where the model allows it.
   *
   * Errors: `bad-request` that says what is wrong with the request, `busy`, `deadline` when its time was over, `aborted`, `engine`, `released`.
   */
  async infer(name: string, request: InferRequest, ask: Ask = {}): Promise<InferResponse> {
    const wanted = new Map<Servable, readonly WantedOutput[]>();
    const toFeeds: ToFeeds = async (servable) => {
      const { tensors, outputs } = await decodeRequest(servable, request);
      wanted.set(servable, outputs);
      const { preprocessing } = servable;
      return preprocessing ? await fedColumns(preprocessing, tensors) : { feeds: tensors };
    };
    const { id, parameters } = request;
    return await this.#ask(name, { requestId: id, ...ask }, 'oip-http', toFeeds, async ({ served: { servable }, outputs }) => {
      const answers: ResponseOutput[] = [];
      for (const output of wanted.get(servable)!) answers.push(await answerOf(output, outputs[output.port.name]!, servable));
      return {
        model_name: servable.name,
        model_version: servable.version,
        ...(id !== undefined && { id }),
        ...(parameters && { parameters }),
        outputs: answers,
      };
    });
  }

  /**
   * Asks a model with preprocessing about records; one prediction for each. Errors: as `infer`; `bad-request` for a model without preprocessing.
   */
  async predict(name: string, records: readonly PredictRecord[], ask: Ask = {}): Promise<PredictResponse> {
    const toFeeds: ToFeeds = async (servable) => ({
      feeds: await feedsOfRecords(preprocessingOf(servable), records),
      fields: fieldsOfRecords(records),
    });
    return await this.#ask(name, ask, 'predict', toFeeds, async ({ served: { servable }, outputs }) => {
      const predictions = await predictionsOf(outputs, records.length, servable.labels);
      return { model_name: servable.name, model_version: servable.version, predictions };
    });
  }

  /** What a model does to records. Errors: `bad-request` where it takes none. */
  preprocessing(name: string, choice: ModelChoice = {}): Preprocessing {
    return preprocessingOf(this.servable(name, choice));
  }

  /** Tells observers of a request that is answered with an error and has reached no model. `model` is what the client wrote: it is told where there is one of this name. */
  refused({ model, ...refusal }: Refusal): void {
    const known = model === undefined ? undefined : this.repository.nameOf(model);
    this.#options.observer?.refused?.({ ...refusal, ...(known !== undefined && { model: known }) });
  }

  /** One request from the choice of a version to what is told of it. */
  async #ask<T>(
    name: string,
    ask: Ask,
    protocol: string,
    toFeeds: ToFeeds,
    finish: (outcome: Outcome) => Promise<T>,
  ): Promise<T> {
    const { observer, traces } = this.#options;
    const record = requestRecord({ protocol, ...ask });
    const served = await this.#choose(name, ask);
    const { servable, batcher } = served;
    const about = { model: servable.name, version: servable.version, protocol: ask.protocol ?? protocol };
    const trace = traces?.begin({ ...about, startMs: record.startMs, header: ask.header });
    const answer = async (): Promise<T> => {
      try {
        const { feeds, fields } = await toFeeds(servable);
        record.rows(feeds);
        const answered = await batcher.ask(feeds, { ...record.left(ask), trace }).catch((e: unknown) => blamed(servable, e));
        const result = await finish({ served, outputs: answered.outputs });
        const told = record.end(servable, 'ok', answered);
        observer?.request?.(told);
        observer?.answered?.(told, feeds, answered.outputs, fields);
        ask.told?.();
        trace?.end(told);
        this.traffic.note(servable.name, servable.version, 'ok', told.totalMs);
        this.traffic.shadow(servable.name, served, answered.outputs, async (shadow) =>
          shadow.batcher.infer((await toFeeds(shadow.servable)).feeds, { priority: Number.NEGATIVE_INFINITY }),
        );
        return result;
      } catch (e) {
        const told = record.end(servable, e);
        observer?.request?.(told);
        ask.told?.();
        trace?.end(told);
        this.traffic.note(servable.name, servable.version, told.code, told.totalMs);
        throw e;
      } finally {
        served.letGo();
      }
    };
    return await (trace ? trace.within(answer) : answer());
  }

  /** The version that is asked for, that the traffic rule says, or the standard one; it stays until it is let go. */
  async #choose(name: string, { version, label }: Ask): Promise<Served> {
    const chosen = version ?? this.traffic.choose(name, label);
    return await this.repository.hold(name, chosen);
  }

  /** Frees the models, after the runs that are on their way. */
  async release(): Promise<void> {
    this.#draining = true;
    await this.repository.release();
  }
}

/** Fields of records as one tensor each. Errors: `bad-request`. */
const fedColumns = async (steps: Preprocessing, tensors: Tensors): Promise<Fed> => ({
  feeds: await feedsOfColumns(steps, tensors),
  fields: fieldsOfColumns(tensors),
});

/** Errors: `bad-request` where it takes no records. */
function preprocessingOf({ name, preprocessing }: Servable): Preprocessing {
  if (preprocessing) return preprocessing;
  const path = `/v2/models/${name}/infer`;
  throw fail('bad-request', {
    reason: `The model '${name}' has no preprocessing, so it takes tensors, not records: POST ${path}.`,
  });
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
