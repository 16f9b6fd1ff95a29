import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { full, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';

/** @internal */
export const triluOp = defineOp({
  type: 'Trilu',
  since: 14,
  inputs: ['input'],
  optional: ['k'],
  outputs: ['output'],
  attrs: { upper: { kind: 'int', default: 1 } },
  infer({ input }) {
    if (input.shape.length < 2)
      throw fail('shape-mismatch', { what: 'Trilu', got: showShape(input.shape), want: 'a matrix, or a stack of them' });
    return { output: { dtype: input.dtype, shape: input.shape } };
  },
  grad: ({ k, doutput }, { upper }) => ({ input: triangle(doutput, k, upper), k: null }),
});

const triangle = (input: Value, k: Value | undefined, upper: number): Value => triluOp({ input, k }, { upper }).output;

/** Which triangle is kept. */
export interface TriluOptions {
  readonly upper?: boolean;
  /** The diagonal where the triangle begins: 0 is the main one, 1 the one above it. */
  readonly k?: number;
}

/**
 * The upper (or lower) triangle of matrices; zeros elsewhere.
 *
 * Shapes: `[.., n, m] -> [.., n, m]`. Errors: `shape-mismatch` for fewer than two axes.
 * Source: ONNX Trilu-14, torch.triu, torch.tril.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.trilu(graphInput('x', ['batch', 4, 4]), { upper: false }).shape); // ['batch', 4, 4]
 */
export const trilu = (x: Value, { upper = true, k = 0 }: TriluOptions = {}): Value =>
  triangle(x, k === 0 ? undefined : constant(full([], k, 'int64')), upper ? 1 : 0);

/** @internal */
export const triluCases: OpCase[] = [
  { ins: [[3, 4]], build: (x) => trilu(x), torch: 'torch.triu(a)' },
  { ins: [[2, 4, 3]], build: (x) => trilu(x, { upper: false, k: -1 }), torch: 'torch.tril(a, -1)' },
  { ins: [[3, 3]], build: (x) => trilu(x, { k: 1 }), torch: 'torch.triu(a, 1)' },
];
