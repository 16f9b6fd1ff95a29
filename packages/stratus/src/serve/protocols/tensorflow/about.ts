// What TensorFlow Serving tells of a model: status and metadata.
import type { DType } from '@stratus/core';
import type { DataPlane } from '../../data-plane.ts';
import type { Servable, ServablePort } from '../../servable.ts';

/** TensorFlow's names of types. Source: tensorflow/core/framework/types.proto. */
const types = {
  float32: 'DT_FLOAT',
  float64: 'DT_DOUBLE',
  float16: 'DT_HALF',
  int8: 'DT_INT8',
  uint8: 'DT_UINT8',
  int16: 'DT_INT16',
  uint16: 'DT_UINT16',
  int32: 'DT_INT32',
  uint32: 'DT_UINT32',
  int64: 'DT_INT64',
  uint64: 'DT_UINT64',
  bool: 'DT_BOOL',
  string: 'DT_STRING',
} as const satisfies Record<DType, string>;

/** The state of one version or of all; KServe's clients read `name` and `ready` at the same path. */
export function status(plane: DataPlane, name: string, version?: string) {
  const versions = version === undefined ? plane.repository.versions(name) : [plane.servable(name, { version }).version];
  const ready = plane.modelReady(name, { version });
  return {
    model_version_status: versions.map((own) => ({
      version: own,
      state: ready ? 'AVAILABLE' : 'UNLOADING',
      status: { error_code: 'OK', error_message: '' },
    })),
    name,
    ready,
  };
}

const tensors = (ports: readonly ServablePort[]) =>
  Object.fromEntries(
    ports.map(({ name, dtype, shape, anyRank }) => [
      name,
      {
        dtype: types[dtype],
        tensor_shape: { dim: anyRank ? [] : shape.map((size) => ({ size: String(size), name: '' })), unknown_rank: anyRank },
        name,
      },
    ]),
  );

/** The signature of a model. */
export const metadata = ({ name, version, inputs, outputs }: Servable) => ({
  model_spec: { name, signature_name: '', version },
  metadata: {
    signature_def: {
      signature_def: {
        serving_default: { inputs: tensors(inputs), outputs: tensors(outputs), method_name: 'tensorflow/serving/predict' },
      },
    },
  },
});
