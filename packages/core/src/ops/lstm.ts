import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { lstmStep } from './lstm-step.ts';
import { matMul } from './mat-mul.ts';
import { recurrentGradient } from './recurrent-gradient.ts';
import { type Direction, recurrentActivations, recurrentAttrs, recurrentFlops, recurrentRule } from './recurrent-rule.ts';
import { split } from './split.ts';

const quarters = (z: Value): readonly Value[] => split(z, Array<number>(4).fill((z.shape[1] as number) / 4), { axis: 1 });

/** @internal */
export const lstmOp = defineOp({
  type: 'LSTM',
  since: 14,
  inputs: ['x', 'w', 'r'],
  optional: ['b', 'lengths', 'initialH', 'initialC', 'p'],
  outputs: ['y', 'h', 'c'],
  attrs: { ...recurrentAttrs, input_forget: { kind: 'int', default: 0 } },
  infer({ x, w, r, b, lengths, initialH, initialC, p }, attrs) {
    const others = { b: [b, 8], initialH: [initialH, 'state'], initialC: [initialC, 'state'], p: [p, 3] } as const;
    const { y, state } = recurrentRule('LSTM', 4, { x, w, r, others, lengths }, attrs);
    return { y, h: state, c: state };
  },
  flops: recurrentFlops,
  grad({ x, w, r, b, lengths, initialH, initialC, p, dy, dh, dc }, attrs, { given, pullBack }) {
    const { direction, activations = recurrentActivations(direction, ['Sigmoid', 'Tanh', 'Tanh']), clip, input_forget } = attrs;
    const terms = recurrentGradient(
      'LSTM',
      { x, w, r, b, lengths, initial: [initialH, initialC], direction, activations, others: { clip, input_forget, p } },
      (z, [h, c], { recurrent, biasOfState, activations: [gate, candidate, result] }) => {
        const sum = add(z, matMul(h!, recurrent));
        const [i, o, f, fresh] = quarters(biasOfState ? add(sum, biasOfState) : sum);
        const next = lstmStep({ i: i!, f: f!, o: o!, fresh: fresh! }, c!, { gate, candidate, result });
        return [next.h, next.c];
      },
      [dy, dh, dc].map((seed, i) => (given[i] ? seed : undefined)),
      pullBack,
    );
    return { x: terms[0]!, w: terms[1]!, r: terms[2]!, b: terms[3]!, initialH: terms[4]!, initialC: terms[5]! };
  },
});

/** What {@link lstm} takes besides the sequence and its weights. */
export interface LstmOpOptions {
  /** `[directions, 8 * units]`: that of the input and that of the state, one after the other. */
  readonly b?: Value | undefined;
  /** int32 `[batch]`: how many steps of each row count; all unless told. */
  readonly lengths?: Value | undefined;
  /** `[directions, batch, units]`; zeros unless told. */
  readonly initialH?: Value | undefined;
  /** `[directions, batch, units]`; zeros unless told. */
  readonly initialC?: Value | undefined;
  /** 'forward' unless told. */
  readonly direction?: Direction;
  /** For each direction those of the gates, of the candidate and of the result; sigmoid, tanh, tanh unless told. */
  readonly activations?: readonly string[] | undefined;
}

/**
 * Long short-term memory over all steps in one kernel. It does not give its gates, so its gradient goes over the steps again by
 * `scan`, for models that others made; to train, the layer is faster.
 *
 * Shapes: `x [steps, batch, features], w [directions, 4 * units, features], r [directions, 4 * units, units] ->
 * y [steps, directions, batch, units], h and c [directions, batch, units]`, gates in the order input, output, forget, candidate.
 * Errors: `shape-mismatch`, `dtype-mismatch`, `bad-value` for a direction that does not exist.
 * Source: ONNX LSTM-14; Hochreiter and Schmidhuber 1997, Gers et al. 2000.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', [20, 'batch', 8]);
 * const { y } = ops.lstm(x, graphInput('w', [1, 64, 8]), graphInput('r', [1, 64, 16]));
 * console.log(y.shape); // [20, 1, 'batch', 16]
 */
export const lstm = (
  x: Value,
  w: Value,
  r: Value,
  { direction = 'forward', activations, ...others }: LstmOpOptions = {},
): { readonly y: Value; readonly h: Value; readonly c: Value } =>
  lstmOp({ x, w, r, ...others }, { direction, activations, hidden_size: r.shape[2] as number });

const reason = 'ONNX Runtime does not calculate it in float64';
// ONNX's gates are i, o, f, c; PyTorch's are i, f, c, o.
const order = 'torch.tensor([0, 1, 4, 5, 6, 7, 2, 3])';

/** @internal */
export const lstmCases: OpCase[] = [
  {
    name: 'bias and initial state',
    ins: [
      [3, 2, 3],
      [1, 8, 3],
      [1, 8, 2],
      [1, 16],
      [1, 2, 2],
      [1, 2, 2],
    ],
    domain: [-1, 1],
    build: (x, w, r, b, initialH, initialC) => {
      const { y, h, c } = lstm(x!, w!, r!, { b, initialH, initialC });
      return [y, h, c];
    },
    torch:
      `(lambda o: (o[0].unsqueeze(1), o[1], o[2]))(torch.lstm(a, (e, f), ` +
      `[b[0][${order}], c[0][${order}], d[0, :8][${order}], d[0, 8:][${order}]], True, 1, 0.0, False, False, False))`,
    float32: reason,
  },
  {
    name: 'both directions',
    ins: [
      [3, 2, 3],
      [2, 8, 3],
      [2, 8, 2],
    ],
    domain: [-1, 1],
    build: (x, w, r) => lstm(x!, w!, r!, { direction: 'bidirectional' }).y,
    torch:
      `torch.lstm(a, (torch.zeros(2, 2, 2, dtype=a.dtype),) * 2, ` +
      `[b[0][${order}], c[0][${order}], b[1][${order}], c[1][${order}]], False, 1, 0.0, False, True, False)` +
      `[0].reshape(3, 2, 2, 2).transpose(1, 2)`,
    float32: reason,
  },
  {
    name: 'lengths',
    ins: [[3, 2, 3], [1, 8, 3], [1, 8, 2], { dtype: 'int32', values: [3, 1] }],
    domain: [-1, 1],
    build: (x, w, r, lengths) => {
      const { y, h } = lstm(x!, w!, r!, { lengths });
      return [y, h];
    },
    torch:
      `(lambda y, n: ((y * (torch.arange(3)[:, None] < n)[:, :, None]).unsqueeze(1), torch.stack([y[2, 0], y[0, 1]])[None]))` +
      `(torch.lstm(a, (torch.zeros(1, 2, 2, dtype=a.dtype),) * 2, [b[0][${order}], c[0][${order}]], ` +
      `False, 1, 0.0, False, False, False)[0], d)`,
    float32: reason,
  },
];
