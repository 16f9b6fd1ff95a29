import { fail } from '../errors.ts';
import { constant, type Info, type Value } from '../graph/index.ts';
import { type Dim, type DType, full, subDims } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { reshape } from './reshape.ts';
import { knownDims, type Operand, sameDtype } from './rules.ts';
import { dimsOf } from './shape.ts';

/** @internal */
export const rangeOp = defineOp({
  type: 'Range',
  since: 11,
  inputs: ['start', 'limit', 'delta'],
  outputs: ['output'],
  infer({ start, limit, delta }) {
    sameDtype('Range', start, limit);
    const dtype = sameDtype('Range', start, delta);
    return { output: { dtype, shape: [lengthOf(known('start', start), known('limit', limit), known('delta', delta))] } };
  },
  grad: 'zero', // start, limit and delta are constants or sizes
});

function known(name: string, x: Info): Dim {
  const [value] = knownDims(x) ?? [];
  if (value === undefined)
    throw fail('bad-value', {
      what: 'Range',
      got: `a ${name} computed at run time`,
      want: 'a constant, or a size read off a shape',
    });
  return value;
}

function lengthOf(start: Dim, limit: Dim, delta: Dim): Dim {
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
    if (delta === 0) throw fail('bad-value', { what: 'Range', got: 'a delta of 0', want: 'any other' });
    return Math.max(0, Math.ceil((limit - start) / delta));
  }
  const span = subDims(limit, start);
  return delta === 1 ? span : `ceil(${span} / ${delta})`;
}

/**
 * Evenly spaced numbers: `start, start + delta, …`, up to but without `limit`. Whole numbers make int64, others float32, and
 * values keep their dtype; a size that is known only at run time is given as `dimsOf(['batch'], x)`.
 *
 * Shapes: `[] -> [ceil((limit - start) / delta)]`. Errors: `bad-value` when the length cannot be told, `dtype-mismatch`.
 * Source: ONNX Range-11, torch.arange.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.range(0, ops.dimsOf(['batch'], x), 1).shape); // ['batch']
 */
export function range(start: Operand, limit: Operand, delta: Operand): Value {
  const all = [start, limit, delta];
  const typed = all.find((x) => typeof x !== 'number');
  const dtype: DType = typed ? typed.dtype : all.every(Number.isInteger) ? 'int64' : 'float32';
  const scalar = (x: Operand): Value => (typeof x === 'number' ? constant(full([], x, dtype)) : reshape(x, []));
  return rangeOp({ start: scalar(start), limit: scalar(limit), delta: scalar(delta) }).output;
}

/** @internal */
export const rangeCases: OpCase[] = [
  { ins: [], build: () => range(0, 5, 1), torch: 'torch.arange(0, 5)', gradient: false },
  { ins: [], build: () => range(7, -2, -3), torch: 'torch.arange(7, -2, -3)', gradient: false },
  { ins: [], build: () => range(0.5, 2, 0.25), torch: 'torch.arange(0.5, 2, 0.25, dtype=torch.float32)', gradient: false },
  {
    name: 'size',
    ins: [[4, 2]],
    build: (x) => range(1, dimsOf([x.shape[0]!], x), 1),
    torch: 'torch.arange(1, a.shape[0])',
    gradient: false,
  },
];
