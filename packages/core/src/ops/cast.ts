import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { lookUp } from '../suggest.ts';
import { type DType, dtypeOfOnnx, dtypes, isFloat, isInteger } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { knownSizes } from './kinds.ts';

/** @internal */
export const castOp = defineOp({
  type: 'Cast',
  since: 21,
  elementwise: 'copy',
  inputs: ['input'],
  outputs: ['output'],
  attrs: { to: { kind: 'int' }, saturate: { kind: 'int', default: 1 } },
  infer({ input }, { to }) {
    const dtype = to === undefined ? undefined : dtypeOfOnnx(to);
    if (!dtype)
      throw fail('dtype-mismatch', {
        what: 'Cast',
        got: `the data type number ${to}`,
        want: `one of ${Object.keys(dtypes).join(', ')}`,
      });
    return { output: { dtype, shape: input.shape, ...(isInteger(dtype) && knownSizes(input)) } };
  },
  grad: ({ input, doutput }) => ({
    input: isFloat(input.dtype) && isFloat(doutput.dtype) ? cast(doutput, input.dtype) : null,
  }),
  simplify: ([input], { to }) => (dtypes[input!.dtype].onnx === to ? input : undefined),
});

/**
 * The same numbers in another dtype, elementwise; `x` itself if it has that dtype. Floats lose their fraction on the way to
 * integers; bool becomes 0 or 1, and any number but 0 becomes true. Gradients pass between floats only.
 *
 * Shapes: `S -> S`. Errors: `unknown-name` for a dtype that does not exist. Source: ONNX Cast-21, torch.Tensor.to.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const pixels = graphInput('pixels', ['batch', 784], 'uint8');
 * console.log(ops.cast(pixels, 'float32').dtype); // float32
 */
export const cast = (x: Value, dtype: DType): Value =>
  x.dtype === dtype ? x : castOp({ input: x }, { to: lookUp('dtype', dtypes, dtype).onnx }).output;

/** @internal Whole numbers that fit into 32 bits, as int32: where they were cast from that, what they were before. */
export function inInt32(x: Value): Value {
  const before = x.node?.op === castOp.op ? x.node.ins[0] : undefined;
  return before?.dtype === 'int32' ? before : cast(x, 'int32');
}

/** @internal */
export const castCases: OpCase[] = [
  {
    name: 'float to float',
    ins: 'any',
    build: (x) => cast(cast(x, 'float64'), 'float32'),
    torch: 'a.to(torch.float64).to(torch.float32)',
    float32: 'its subject',
  },
  {
    name: 'float to int',
    ins: [{ values: [-2.7, -0.5, 0, 0.5, 2.7] }],
    build: (x) => cast(x, 'int32'),
    torch: 'a.to(torch.int32)',
    gradient: false,
  },
  {
    name: 'float to bool',
    ins: [{ values: [-1, 0, 0.1] }],
    build: (x) => cast(x, 'bool'),
    torch: 'a.to(torch.bool)',
    gradient: false,
  },
  {
    name: 'bool to float',
    ins: [{ dtype: 'bool', values: [[true, false]] }],
    build: (x) => cast(x, 'float32'),
    torch: 'a.to(torch.float32)',
    gradient: false,
  },
  {
    name: 'int to float',
    ins: [{ dtype: 'int64', values: [-3, 0, 16777216] }],
    build: (x) => cast(x, 'float32'),
    torch: 'a.to(torch.float32)',
    gradient: false,
  },
  {
    name: 'wrap',
    ins: [{ dtype: 'int32', values: [-1, 255, 256] }],
    build: (x) => cast(x, 'uint8'),
    torch: 'a.to(torch.uint8)',
    gradient: false,
  },
];
