import { datatypeOf } from '../../protocol.ts';
import type { Servable, ServablePort } from '../../servable.ts';

const typeOf = ({ dtype }: ServablePort): string => {
  const datatype = datatypeOf(dtype);
  return `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;
};

const describe = (port: ServablePort) => ({
  name: port.name,
  data_type: typeOf(port),
  dims: port.anyRank ? [-1] : port.shape,
  ...(port.unit !== undefined && { unit: port.unit }),
});

/**
 * How a model is served: the model configuration extension. `max_batch_size` is 0 as the number of samples is an axis like any other here,
 * named in `dims`. `stratus` says what that form has no place for.
 * Source: Triton Inference Server, extension_model_configuration.md.
 *
 * @example
 * import { dense, input, modelConfig, openServable, sequential } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * console.log(modelConfig(await openServable(await net.toBytes(), { name: 'net' })).input[0].data_type); // TYPE_FP32
 */
export const modelConfig = ({ name, version, inputs, outputs, labels, preprocessing, batched }: Servable) => ({
  name,
  platform: 'stratus_onnx',
  backend: 'onnxruntime',
  max_batch_size: 0,
  version_policy: { specific: { versions: [version] } },
  input: inputs.map(describe),
  output: outputs.map(describe),
  ...(batched && { dynamic_batching: {} }),
  stratus: { takesRecords: preprocessing !== undefined, labels },
});
