import { decodeArtifact, fail, type ModelInfo, preprocessingOf, readModelInfo } from '@stratus/core';
import { type PortForm, recordPorts, type SignatureForm } from '../serve/index.ts';
import type { Json } from '../store/index.ts';

/** An input or an output, as clients see it. */
export interface Port extends PortForm {
  readonly unit?: string;
}

/** What clients give, and what they get. */
export interface Signature extends SignatureForm {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** What a file says about itself. */
export interface Description {
  readonly signature: Signature;
  /** Of the end of the training. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The fingerprint of the data that it learned from. */
  readonly data: Json | undefined;
}

const portOf = ({ name, dtype, shape, unit }: { name: string; dtype: string; shape: Port['shape']; unit?: string }): Port => ({
  name,
  dtype,
  shape: shape && [...shape],
  ...(unit !== undefined && { unit }),
});

const plainPort = ({ name, type, shape }: ModelInfo['inputs'][number]): Port =>
  portOf({ name, dtype: type, shape: shape ?? null });

/** Reads what an ONNX file says about itself; what Stratus wrote is checked against its hash. Errors: `not-onnx`, `corrupt`, `unknown-name` for steps of preprocessing. */
export async function describe(bytes: Uint8Array, file: string): Promise<Description> {
  const info = readModelInfo(bytes, { file });
  if (info.outputs.length === 0) throw fail('not-onnx', { file, reason: 'it has no outputs' });
  if (info.metadata['stratus'] === undefined)
    return {
      signature: { inputs: info.inputs.map(plainPort), outputs: info.outputs.map(plainPort) },
      metrics: {},
      data: undefined,
    };
  const { manifest } = await decodeArtifact(bytes, file);
  const { signature, training } = manifest;
  const preprocessing = preprocessingOf(manifest);
  const inputs = preprocessing
    ? recordPorts(preprocessing).map(({ dims, name, dtype, unit }) =>
        portOf({ name, dtype, shape: dims, ...(unit !== undefined && { unit }) }),
      )
    : signature.inputs.map(portOf);
  return {
    signature: { inputs, outputs: signature.outputs.map(portOf) },
    metrics: Object.fromEntries(
      Object.entries(training?.metrics ?? {}).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
    ),
    data:
      training?.dataFingerprint === undefined
        ? undefined
        : { fingerprint: training.dataFingerprint, samples: training.samples ?? null },
  };
}
