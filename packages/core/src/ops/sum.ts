import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineVariadicOp } from './define.ts';
import { extreme } from './extreme.ts';

/** @internal */
export const sumOp = defineVariadicOp({
  type: 'Sum',
  since: 13,
  infer: (ins) => [extreme('Sum', ins)],
  expand: (ins) => [ins.reduce((a, b) => add(a, b))],
  grad: ({ ins, douts }) => ins.map(() => douts[0]!),
});

/**
 * Sum of any number of values, elementwise. For two, `add` is quicker.
 *
 * Shapes: any that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Sum-13.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.sum([x, x, graphInput('b', [3])]).shape); // ['batch', 3]
 */
export const sum = (values: readonly Value[]): Value => sumOp(values)[0]!;

/** @internal */
export const sumCases: OpCase[] = [
  { ins: [[2, 3], [3], [2, 1]], build: (...xs) => sum(xs), torch: 'a + b + c' },
  { name: 'one', ins: [[2, 3]], build: (x) => sum([x]), torch: 'a * 1' },
];
