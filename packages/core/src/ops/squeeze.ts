import { fail } from '../errors.ts';
import type { Info, Value } from '../graph/index.ts';
import { showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { knownSizes } from './kinds.ts';
import { axesIn, ints, knownInts, reducedShape } from './rules.ts';
import { unsqueeze } from './unsqueeze.ts';
import { attributesBecameInputs } from './written.ts';

/** @internal */
export const squeezeOp = defineOp({
  type: 'Squeeze',
  since: 21,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['squeezed'],
  written: [attributesBecameInputs(13, { axes: { kind: 'ints' } }, { axes: 1 })],
  infer({ data, axes }) {
    const shape = reducedShape(data.shape, closed(data, axes), false);
    return { squeezed: { dtype: data.dtype, shape, ...knownSizes(data) } };
  },
  grad: ({ data, axes, dsqueezed }) => ({ data: unsqueeze(dsqueezed, { axes: closed(data, axes) }), axes: null }),
});

/** The axes that go: those named, or all of size 1. */
function closed({ shape }: Info, axes: Info | undefined): number[] {
  if (!axes) return shape.flatMap((d, i) => (d === 1 ? [i] : []));
  const gone = axesIn('Squeeze', knownInts('Squeeze', 'axes', axes), shape);
  if (gone.some((axis) => typeof shape[axis] === 'number' && shape[axis] !== 1))
    throw fail('shape-mismatch', {
      what: 'Squeeze',
      got: `axes ${showShape(gone)} of shape ${showShape(shape)}`,
      want: 'axes of size 1',
      fix: 'Name only axes of size 1, or use reshape.',
    });
  return gone; // a size known only at run time is checked then
}

/**
 * Takes out axes of size 1: those named, or all that are known to be.
 *
 * Shapes: `[1, 3, 1], axes [0] -> [3, 1]`. Errors: `shape-mismatch` for an axis of another size, `bad-value` for one outside.
 * Source: ONNX Squeeze-21, torch.squeeze.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.squeeze(graphInput('x', ['batch', 1]), { axes: [1] }).shape); // ['batch']
 */
export function squeeze(x: Value, { axes }: { readonly axes?: readonly number[] | undefined } = {}): Value {
  // Named one by one: left to ONNX Runtime, a batch that turns out to be of size 1 would go as well.
  const gone = axes ?? closed(x, undefined);
  return gone.length === 0 ? x : squeezeOp({ data: x, axes: ints(gone) }).squeezed;
}

/** @internal */
export const squeezeCases: OpCase[] = [
  { ins: [[2, 1, 3]], build: (x) => squeeze(x, { axes: [1] }), torch: 'a.squeeze(1)' },
  { name: 'two', ins: [[1, 2, 1]], build: (x) => squeeze(x, { axes: [-1, 0] }), torch: 'a.squeeze(-1).squeeze(0)' },
  { name: 'all', ins: [[1, 2, 1, 3]], build: (x) => squeeze(x), torch: 'a.squeeze()' },
];
