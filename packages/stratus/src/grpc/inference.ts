import { dtypes, fail, StratusError } from '@stratus/core';
import type { DataPlane, ModelChoice, RepositoryControl, ServablePort, StatisticsSource } from '../serve/index.ts';
import { inOrder } from './in-order.ts';
import { infer } from './infer.ts';
import {
  dataType,
  modelConfigRequest,
  modelConfigResponse,
  modelInferRequest,
  modelInferResponse,
  modelMetadataRequest,
  modelMetadataResponse,
  modelReadyRequest,
  modelReadyResponse,
  modelStatisticsRequest,
  modelStatisticsResponse,
  modelStreamInferResponse,
  repositoryIndexRequest,
  repositoryIndexResponse,
  repositoryModelLoadRequest,
  repositoryModelLoadResponse,
  repositoryModelUnloadRequest,
  repositoryModelUnloadResponse,
  serverLiveRequest,
  serverLiveResponse,
  serverMetadataRequest,
  serverMetadataResponse,
  serverReadyRequest,
  serverReadyResponse,
} from './messages.ts';
import { endingOf } from './reply.ts';
import type { MessageOf, Partly } from './schema.ts';
import { type Asked, type Method, streaming, unary } from './service.ts';
import { grpcNameOf } from './status.ts';

/** What the server has to know besides the models. */
export interface InferenceOptions {
  readonly plane: DataPlane;
  /** False while models are still to be loaded. */
  readonly isLoaded: () => boolean;
  readonly statistics?: StatisticsSource | undefined;
  /** Who loads models and puts them away; the data plane unless told. */
  readonly control?: RepositoryControl | undefined;
  /** Is told of errors that are not the client's. */
  readonly report: (error: unknown) => void;
}

export const inferenceServiceName = 'inference.GRPCInferenceService';

/** So many requests of one stream are worked on at once. */
const atOnce = 16;

const extensions = [
  'classification',
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'parameters',
  'schedule_policy',
];

const choice = (version: string): ModelChoice => (version === '' ? {} : { version });

/** Triton's number of a datatype. */
function typeNumber({ dtype }: ServablePort): number {
  const { oip } = dtypes[dtype];
  return dataType.values.indexOf(`TYPE_${oip === 'BYTES' ? 'STRING' : oip}`);
}

const configOf = (port: ServablePort) => ({
  name: port.name,
  data_type: typeNumber(port),
  dims: port.anyRank ? [-1] : port.shape,
});

/** Triton's `config` and `file:…` would put another model into the place of this one; here models come from where the server has them. */
function checkParameters({ model_name: name, parameters }: MessageOf<typeof repositoryModelLoadRequest>): void {
  const [given] = parameters.keys();
  if (given === undefined) return;
  const reason = `The parameter ${JSON.stringify(given.slice(0, 64))} of loading '${name}' is not known: a model is loaded from where the server has it.`;
  throw fail('bad-request', { reason });
}

/** The calls of the Open Inference Protocol, and Triton's. */
export function inferenceService({
  plane,
  isLoaded,
  statistics,
  control = plane.repository,
  report,
}: InferenceOptions): readonly Method[] {
  const at = (name: string, access: Method['access'] = 'asks') => ({ service: inferenceServiceName, name, access });

  const one = async (
    request: MessageOf<typeof modelInferRequest>,
    { signal, deadlineMs, client, checkModel, takesOver, header }: Asked,
  ) => {
    takesOver?.();
    let isTold = false;
    const told = (): void => {
      isTold = true;
    };
    try {
      checkModel?.(request.model_name);
      return await infer(plane, request, { signal, deadlineMs, client, header, told });
    } catch (e) {
      const status = grpcNameOf(endingOf(e).status);
      const code = StratusError.is(e) ? e.code : 'internal';
      if (!isTold) plane.refused({ protocol: 'oip-grpc', code, status, model: request.model_name });
      throw e;
    }
  };

  /** In a stream an error is an answer like another, and the stream goes on. */
  const oneOfMany = async (
    request: MessageOf<typeof modelInferRequest>,
    asked: Asked,
  ): Promise<Partly<typeof modelStreamInferResponse>> => {
    try {
      return { infer_response: await one(request, asked) };
    } catch (e) {
      if (!StratusError.is(e)) report(e);
      const { model_name, model_version, id } = request;
      return { error_message: endingOf(e).message, infer_response: { model_name, model_version, id } };
    }
  };

  return [
    unary(at('ServerLive', 'open'), serverLiveRequest, serverLiveResponse, () => ({ live: plane.live() })),
    unary(at('ServerReady', 'open'), serverReadyRequest, serverReadyResponse, () => ({ ready: isLoaded() && plane.ready() })),
    unary(at('ModelReady'), modelReadyRequest, modelReadyResponse, ({ name, version }, { checkModel }) => {
      checkModel?.(name);
      try {
        return { ready: plane.modelReady(name, choice(version)) };
      } catch (e) {
        if (StratusError.is(e) && e.code === 'model-not-found') return { ready: false };
        throw e;
      }
    }),
    unary(at('ServerMetadata'), serverMetadataRequest, serverMetadataResponse, () => ({
      ...plane.serverMetadata(),
      extensions: [...extensions, ...(statistics ? ['statistics'] : [])],
    })),
    unary(at('ModelMetadata'), modelMetadataRequest, modelMetadataResponse, async ({ name, version }, { checkModel }) => {
      checkModel?.(name);
      await plane.wake(name, choice(version));
      return plane.modelMetadata(name, choice(version));
    }),
    unary(at('ModelInfer'), modelInferRequest, modelInferResponse, one),
    streaming({ ...at('ModelStreamInfer'), streams: 'both' }, modelInferRequest, modelStreamInferResponse, (requests, asked) =>
      inOrder(requests, atOnce, (request) => oneOfMany(request, asked)),
    ),
    unary(at('ModelConfig'), modelConfigRequest, modelConfigResponse, async ({ name, version }, { checkModel }) => {
      checkModel?.(name);
      await plane.wake(name, choice(version));
      const { inputs, outputs, batched, name: own } = plane.servable(name, choice(version));
      // The number of samples is an axis like any other here, named in `dims`: so `max_batch_size` is 0.
      return {
        config: {
          name: own,
          platform: 'stratus_onnx',
          backend: 'onnxruntime',
          input: inputs.map(configOf),
          output: outputs.map(configOf),
          ...(batched && { dynamic_batching: {} }),
        },
      };
    }),
    unary(at('ModelStatistics'), modelStatisticsRequest, modelStatisticsResponse, async ({ name, version }, { checkModel }) => {
      for (const model of name === '' ? plane.models() : [name]) checkModel?.(model);
      if (name !== '') plane.repository.resolve(name, choice(version).version); // or `model-not-found`
      if (!statistics) return { model_stats: [] };
      return await statistics.of(plane, name === '' ? undefined : name, version === '' ? undefined : version);
    }),
    unary(at('RepositoryIndex'), repositoryIndexRequest, repositoryIndexResponse, ({ ready }) => ({
      models: plane.repository.index({ ready }),
    })),
    unary(
      at('RepositoryModelLoad', 'changes'),
      repositoryModelLoadRequest,
      repositoryModelLoadResponse,
      async (request, { checkModel }) => {
        checkModel?.(request.model_name);
        checkParameters(request);
        await control.load(request.model_name);
        return {};
      },
    ),
    unary(
      at('RepositoryModelUnload', 'changes'),
      repositoryModelUnloadRequest,
      repositoryModelUnloadResponse,
      async (request, { checkModel }) => {
        checkModel?.(request.model_name);
        await control.unload(request.model_name);
        return {};
      },
    ),
  ];
}
