// The messages of open_inference_grpc.proto, with Triton's extensions of grpc_service.proto: names and numbers as they are there.
// Sources: kserve/open-inference-protocol, specification/protocol/open_inference_grpc.proto; triton-inference-server/common, protobuf/grpc_service.proto.
import { choice, list, map, maybe, named, one, schema, unread } from './schema.ts';

const model = { name: one(1, 'string'), version: one(2, 'string') };
const empty = (name: string) => schema(`inference.${name}`, {});

export const serverLiveRequest = empty('ServerLiveRequest');
export const serverLiveResponse = schema('inference.ServerLiveResponse', { live: one(1, 'bool') });
export const serverReadyRequest = empty('ServerReadyRequest');
export const serverReadyResponse = schema('inference.ServerReadyResponse', { ready: one(1, 'bool') });
export const modelReadyRequest = schema('inference.ModelReadyRequest', model);
export const modelReadyResponse = schema('inference.ModelReadyResponse', { ready: one(1, 'bool') });
export const serverMetadataRequest = empty('ServerMetadataRequest');
export const serverMetadataResponse = schema('inference.ServerMetadataResponse', { ...model, extensions: list(3, 'string') });

const tensorMetadata = schema('inference.ModelMetadataResponse.TensorMetadata', {
  name: one(1, 'string'),
  datatype: one(2, 'string'),
  shape: list(3, 'int64'),
});
export const modelMetadataRequest = schema('inference.ModelMetadataRequest', model);
export const modelMetadataResponse = schema('inference.ModelMetadataResponse', {
  name: one(1, 'string'),
  versions: list(2, 'string'),
  platform: one(3, 'string'),
  inputs: list(4, tensorMetadata),
  outputs: list(5, tensorMetadata),
  properties: map(6, 'string'),
});

export const inferParameter = schema('inference.InferParameter', {
  bool_param: choice('parameter_choice', 1, 'bool'),
  int64_param: choice('parameter_choice', 2, 'int64'),
  string_param: choice('parameter_choice', 3, 'string'),
  double_param: choice('parameter_choice', 4, 'double'),
  uint64_param: choice('parameter_choice', 5, 'uint64'),
});

export const inferTensorContents = schema('inference.InferTensorContents', {
  bool_contents: list(1, 'bool'),
  int_contents: list(2, 'int32'),
  int64_contents: list(3, 'int64'),
  uint_contents: list(4, 'uint32'),
  uint64_contents: list(5, 'uint64'),
  fp32_contents: list(6, 'float'),
  fp64_contents: list(7, 'double'),
  bytes_contents: list(8, 'bytes'),
});

const tensor = {
  name: one(1, 'string'),
  datatype: one(2, 'string'),
  shape: list(3, 'int64'),
  parameters: map(4, inferParameter),
};
export const modelInferRequest = schema('inference.ModelInferRequest', {
  model_name: one(1, 'string'),
  model_version: one(2, 'string'),
  id: one(3, 'string'),
  parameters: map(4, inferParameter),
  inputs: list(
    5,
    schema('inference.ModelInferRequest.InferInputTensor', { ...tensor, contents: unread(5, inferTensorContents) }),
  ),
  outputs: list(
    6,
    schema('inference.ModelInferRequest.InferRequestedOutputTensor', {
      name: one(1, 'string'),
      parameters: map(2, inferParameter),
    }),
  ),
  raw_input_contents: list(7, 'bytes'),
});
export const modelInferResponse = schema('inference.ModelInferResponse', {
  model_name: one(1, 'string'),
  model_version: one(2, 'string'),
  id: one(3, 'string'),
  parameters: map(4, inferParameter),
  outputs: list(
    5,
    schema('inference.ModelInferResponse.InferOutputTensor', { ...tensor, contents: unread(5, inferTensorContents) }),
  ),
  raw_output_contents: list(6, 'bytes'),
});
export const modelStreamInferResponse = schema('inference.ModelStreamInferResponse', {
  error_message: one(1, 'string'),
  infer_response: maybe(2, modelInferResponse),
});

/** Triton's numbers of data types. */
export const dataType = {
  name: 'inference.DataType',
  values: [
    'INVALID',
    'BOOL',
    'UINT8',
    'UINT16',
    'UINT32',
    'UINT64',
    'INT8',
    'INT16',
    'INT32',
    'INT64',
    'FP16',
    'FP32',
    'FP64',
    'STRING',
    'BF16',
  ].map((name) => `TYPE_${name}`),
} as const;
const configTensor = { name: one(1, 'string'), data_type: named(2, dataType) };
/** A part of Triton's ModelConfig: what its clients look at. */
const modelConfig = schema('inference.ModelConfig', {
  name: one(1, 'string'),
  platform: one(2, 'string'),
  max_batch_size: one(4, 'int32'),
  input: list(5, schema('inference.ModelInput', { ...configTensor, dims: list(4, 'int64') })),
  output: list(6, schema('inference.ModelOutput', { ...configTensor, dims: list(3, 'int64') })),
  dynamic_batching: maybe(11, schema('inference.ModelDynamicBatching', { max_queue_delay_microseconds: one(2, 'uint64') })),
  backend: one(17, 'string'),
});
export const modelConfigRequest = schema('inference.ModelConfigRequest', model);
export const modelConfigResponse = schema('inference.ModelConfigResponse', { config: maybe(1, modelConfig) });

const duration = schema('inference.StatisticDuration', { count: one(1, 'uint64'), ns: one(2, 'uint64') });
const inferStatistics = schema('inference.InferStatistics', {
  success: maybe(1, duration),
  fail: maybe(2, duration),
  queue: maybe(3, duration),
  compute_input: maybe(4, duration),
  compute_infer: maybe(5, duration),
  compute_output: maybe(6, duration),
  cache_hit: maybe(7, duration),
  cache_miss: maybe(8, duration),
});
const batchStatistics = schema('inference.InferBatchStatistics', {
  batch_size: one(1, 'uint64'),
  compute_input: maybe(2, duration),
  compute_infer: maybe(3, duration),
  compute_output: maybe(4, duration),
});
export const modelStatisticsRequest = schema('inference.ModelStatisticsRequest', model);
export const modelStatisticsResponse = schema('inference.ModelStatisticsResponse', {
  model_stats: list(
    1,
    schema('inference.ModelStatistics', {
      ...model,
      last_inference: one(3, 'uint64'),
      inference_count: one(4, 'uint64'),
      execution_count: one(5, 'uint64'),
      inference_stats: maybe(6, inferStatistics),
      batch_stats: list(7, batchStatistics),
    }),
  ),
});

const repositoryParameter = schema('inference.ModelRepositoryParameter', {
  bool_param: choice('parameter_choice', 1, 'bool'),
  int64_param: choice('parameter_choice', 2, 'int64'),
  string_param: choice('parameter_choice', 3, 'string'),
  bytes_param: choice('parameter_choice', 4, 'bytes'),
});
const change = {
  repository_name: one(1, 'string'),
  model_name: one(2, 'string'),
  parameters: map(3, repositoryParameter),
};
export const repositoryIndexRequest = schema('inference.RepositoryIndexRequest', {
  repository_name: one(1, 'string'),
  ready: one(2, 'bool'),
});
export const repositoryIndexResponse = schema('inference.RepositoryIndexResponse', {
  models: list(
    1,
    schema('inference.RepositoryIndexResponse.ModelIndex', {
      ...model,
      state: one(3, 'string'),
      reason: one(4, 'string'),
    }),
  ),
});
export const repositoryModelLoadRequest = schema('inference.RepositoryModelLoadRequest', change);
export const repositoryModelLoadResponse = empty('RepositoryModelLoadResponse');
export const repositoryModelUnloadRequest = schema('inference.RepositoryModelUnloadRequest', change);
export const repositoryModelUnloadResponse = empty('RepositoryModelUnloadResponse');
