import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { matMul } from './mat-mul.ts';
import { recurrentGradient } from './recurrent-gradient.ts';
import { type Direction, recurrentActivations, recurrentAttrs, recurrentFlops, recurrentRule } from './recurrent-rule.ts';

/** @internal */
export const rnnOp = defineOp({
  type: 'RNN',
  since: 14,
  inputs: ['x', 'w', 'r'],
  optional: ['b', 'lengths', 'initialH'],
  outputs: ['y', 'h'],
  attrs: recurrentAttrs,
  infer({ x, w, r, b, lengths, initialH }, attrs) {
    const { y, state } = recurrentRule(
      'RNN',
      1,
      { x, w, r, others: { b: [b, 2], initialH: [initialH, 'state'] }, lengths },
      attrs,
    );
    return { y, h: state };
  },
  flops: recurrentFlops,
  grad({ x, w, r, b, lengths, initialH, dy, dh }, attrs, { given, pullBack }) {
    const { direction, activations = recurrentActivations(direction, ['Tanh']), clip } = attrs;
    const terms = recurrentGradient(
      'RNN',
      { x, w, r, b, lengths, initial: [initialH], direction, activations, others: { clip } },
      (z, [h], { recurrent, biasOfState, activations: [activation] }) => {
        const sum = add(z, matMul(h!, recurrent));
        return [activation!(biasOfState ? add(sum, biasOfState) : sum)];
      },
      [dy, dh].map((seed, i) => (given[i] ? seed : undefined)),
      pullBack,
    );
    return { x: terms[0]!, w: terms[1]!, r: terms[2]!, b: terms[3]!, initialH: terms[4]! };
  },
});

/** What {@link rnn} takes besides the sequence and its weights. */
export interface RnnOpOptions {
  /** `[directions, 2 * units]`: that of the input and that of the state, one after the other. */
  readonly b?: Value | undefined;
  /** int32 `[batch]`: how many steps of each row count; all unless told. */
  readonly lengths?: Value | undefined;
  /** `[directions, batch, units]`; zeros unless told. */
  readonly initialH?: Value | undefined;
  /** 'forward' unless told. */
  readonly direction?: Direction;
  /** One for each direction; tanh unless told. */
  readonly activations?: readonly string[] | undefined;
}

/**
 * Elman's network over all steps in one kernel: `h = tanh(x Wᵀ + h Rᵀ + b)`. Its gradient goes over the steps again by `scan`,
 * for models that others made; to train, the layer is faster.
 *
 * Shapes: `x [steps, batch, features], w [directions, units, features], r [directions, units, units] ->
 * y [steps, directions, batch, units], h [directions, batch, units]`.
 * Errors: `shape-mismatch`, `dtype-mismatch`, `bad-value` for a direction that does not exist.
 * Source: ONNX RNN-14; Elman 1990.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', [20, 'batch', 8]);
 * const { y } = ops.rnn(x, graphInput('w', [1, 16, 8]), graphInput('r', [1, 16, 16]));
 * console.log(y.shape); // [20, 1, 'batch', 16]
 */
export const rnn = (
  x: Value,
  w: Value,
  r: Value,
  { direction = 'forward', activations, ...others }: RnnOpOptions = {},
): { readonly y: Value; readonly h: Value } =>
  rnnOp(
    { x, w, r, ...others },
    { direction, activations: activations ?? recurrentActivations(direction, ['Tanh']), hidden_size: r.shape[2] as number },
  );

const reason = 'ONNX Runtime does not calculate it in float64';

/** @internal */
export const rnnCases: OpCase[] = [
  {
    name: 'bias and initial state',
    ins: [
      [3, 2, 3],
      [1, 2, 3],
      [1, 2, 2],
      [1, 4],
      [1, 2, 2],
    ],
    domain: [-1, 1],
    build: (x, w, r, b, initialH) => {
      const { y, h } = rnn(x!, w!, r!, { b, initialH });
      return [y, h];
    },
    torch:
      '(lambda o: (o[0].unsqueeze(1), o[1]))' +
      '(torch.rnn_tanh(a, e, [b[0], c[0], d[0, :2], d[0, 2:]], True, 1, 0.0, False, False, False))',
    float32: reason,
  },
  {
    name: 'both directions, relu',
    ins: [
      [3, 2, 3],
      [2, 2, 3],
      [2, 2, 2],
    ],
    domain: [-1, 1],
    build: (x, w, r) => rnn(x!, w!, r!, { direction: 'bidirectional', activations: ['Relu', 'Relu'] }).y,
    torch:
      'torch.rnn_relu(a, torch.zeros(2, 2, 2, dtype=a.dtype), [b[0], c[0], b[1], c[1]], ' +
      'False, 1, 0.0, False, True, False)[0].reshape(3, 2, 2, 2).transpose(1, 2)',
    float32: reason,
  },
];
