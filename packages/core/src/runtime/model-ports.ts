import { readModelInfo } from '../onnx/index.ts';
import { type DType, dtypes } from '../tensor/index.ts';
import type { Port } from './executor.ts';
import { noTensor, portOf } from './ports.ts';

/** What the JavaScript interfaces of ONNX Runtime say about an input or output. */
export type Metadata =
  | { readonly name: string; readonly isTensor: false }
  | { readonly name: string; readonly isTensor: true; readonly type: string; readonly shape: readonly (number | string)[] };

/** The ports of a model. Errors: `bad-graph`, `dtype-mismatch`. */
export function portsOfModel(
  model: Uint8Array,
  session: { readonly inputs: readonly Metadata[]; readonly outputs: readonly Metadata[] },
): { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] } {
  // They say [] for a scalar and for any rank; only the model itself tells the two apart.
  const unclear = [...session.inputs, ...session.outputs].some((m) => m.isTensor && m.shape.length === 0);
  const info = unclear ? readModelInfo(model) : undefined;
  const open = new Set([...(info?.inputs ?? []), ...(info?.outputs ?? [])].flatMap((p) => (p.shape ? [] : [p.name])));
  const port =
    (side: 'input' | 'output') =>
    (metadata: Metadata): Port => {
      if (!metadata.isTensor) throw noTensor(side, metadata.name);
      const { name, type, shape } = metadata;
      return portOf(side, name, Object.hasOwn(dtypes, type) ? (type as DType) : undefined, shape, open.has(name));
    };
  return { inputs: session.inputs.map(port('input')), outputs: session.outputs.map(port('output')) };
}
