import type { Tensor } from '../tensor/index.ts';

/** They are copied to be handed over, and a file of ONNX ends at 2 GB. */
const mostBytes = 2 ** 29;

/** Whether weights are small enough to be constants of a program. */
export const canBeConstant = (weights: Readonly<Record<string, Tensor>>): boolean =>
  Object.values(weights).reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0) <= mostBytes;
