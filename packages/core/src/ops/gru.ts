import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { recurrentGradient } from './recurrent-gradient.ts';
import { type Direction, recurrentActivations, recurrentAttrs, recurrentFlops, recurrentRule } from './recurrent-rule.ts';
import { sigmoid } from './sigmoid.ts';
import { split } from './split.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';

interface GruStepOptions {
  /** [units, 3 * units]. */
  readonly recurrent: Value;
  /** [3 * units]. */
  readonly biasOfState?: Value | undefined;
  readonly resetAfter: boolean;
  readonly gate?: ((x: Value) => Value) | undefined;
  readonly candidate?: ((x: Value) => Value) | undefined;
}

/**
 * One step: `z [batch, 3 * units]` is what the input adds to the gates update, reset and to the candidate; `hidden` is the state `h`
 * as the products shall see it. The next h.
 *
 * @internal
 */
export function gruStep(
  z: Value,
  h: Value,
  hidden: Value,
  { recurrent, biasOfState, resetAfter, gate = sigmoid, candidate = tanh }: GruStepOptions,
): Value {
  const units = (z.shape[1] as number) / 3;
  const thirds = (x: Value): readonly Value[] => split(x, [units, units, units], { axis: 1 });
  const plus = (x: Value, bias: Value | undefined): Value => (bias ? add(x, bias) : x);
  const [zUpdate, zReset, zFresh] = thirds(z);
  const next = (update: Value, sum: Value): Value => {
    const fresh = candidate(sum);
    return add(fresh, mul(update, sub(h, fresh)));
  };
  if (resetAfter) {
    const [update, reset, fresh] = thirds(plus(matMul(hidden, recurrent), biasOfState));
    return next(gate(add(zUpdate!, update!)), add(zFresh!, mul(gate(add(zReset!, reset!)), fresh!)));
  }
  const halves = (x: Value): readonly Value[] => split(x, [2 * units, units], { axis: -1 });
  const [gateKernel, freshKernel] = halves(recurrent);
  const [gateBias, freshBias] = biasOfState ? halves(biasOfState) : [];
  const [update, reset] = split(plus(matMul(hidden, gateKernel!), gateBias), [units, units], { axis: 1 });
  const fresh = matMul(mul(gate(add(zReset!, reset!)), hidden), freshKernel!);
  return next(gate(add(zUpdate!, update!)), add(zFresh!, plus(fresh, freshBias)));
}

/** @internal */
export const gruOp = defineOp({
  type: 'GRU',
  since: 14,
  inputs: ['x', 'w', 'r'],
  optional: ['b', 'lengths', 'initialH'],
  outputs: ['y', 'h'],
  attrs: { ...recurrentAttrs, linear_before_reset: { kind: 'int', default: 0 } },
  infer({ x, w, r, b, lengths, initialH }, attrs) {
    const { y, state } = recurrentRule(
      'GRU',
      3,
      { x, w, r, others: { b: [b, 6], initialH: [initialH, 'state'] }, lengths },
      attrs,
    );
    return { y, h: state };
  },
  flops: recurrentFlops,
  grad({ x, w, r, b, lengths, initialH, dy, dh }, attrs, { given, pullBack }) {
    const { direction, activations = recurrentActivations(direction, ['Sigmoid', 'Tanh']), clip, linear_before_reset } = attrs;
    const terms = recurrentGradient(
      'GRU',
      { x, w, r, b, lengths, initial: [initialH], direction, activations, others: { clip } },
      (z, [h], { recurrent, biasOfState, activations: [gate, candidate] }) => [
        gruStep(z, h!, h!, { recurrent, biasOfState, resetAfter: linear_before_reset !== 0, gate, candidate }),
      ],
      [dy, dh].map((seed, i) => (given[i] ? seed : undefined)),
      pullBack,
    );
    return { x: terms[0]!, w: terms[1]!, r: terms[2]!, b: terms[3]!, initialH: terms[4]! };
  },
});

/** What {@link gru} takes besides the sequence and its weights. */
export interface GruOpOptions {
  /** `[directions, 6 * units]`: that of the input and that of the state, one after the other. */
  readonly b?: Value | undefined;
  /** int32 `[batch]`: how many steps of each row count; all unless told. */
  readonly lengths?: Value | undefined;
  /** `[directions, batch, units]`; zeros unless told. */
  readonly initialH?: Value | undefined;
  /** 'forward' unless told. */
  readonly direction?: Direction;
  /** For each direction those of the gates and of the candidate; sigmoid, tanh unless told. */
  readonly activations?: readonly string[] | undefined;
  /** True: the reset gate multiplies the product with the state, as in PyTorch; false: the state before the product. */
  readonly resetAfter?: boolean;
}

/**
 * Gated recurrent unit over all steps in one kernel. It does not give its gates, so its gradient goes over the steps again by
 * `scan`, for models that others made; to train, the layer is faster.
 *
 * Shapes: `x [steps, batch, features], w [directions, 3 * units, features], r [directions, 3 * units, units] ->
 * y [steps, directions, batch, units], h [directions, batch, units]`, gates in the order update, reset, candidate.
 * Errors: `shape-mismatch`, `dtype-mismatch`, `bad-value` for a direction that does not exist.
 * Source: ONNX GRU-14; Cho et al. 2014.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', [20, 'batch', 8]);
 * const { y } = ops.gru(x, graphInput('w', [1, 48, 8]), graphInput('r', [1, 48, 16]), { resetAfter: true });
 * console.log(y.shape); // [20, 1, 'batch', 16]
 */
export const gru = (
  x: Value,
  w: Value,
  r: Value,
  { direction = 'forward', activations, resetAfter = false, ...others }: GruOpOptions = {},
): { readonly y: Value; readonly h: Value } =>
  gruOp(
    { x, w, r, ...others },
    { direction, activations, hidden_size: r.shape[2] as number, linear_before_reset: Number(resetAfter) },
  );

const reason = 'ONNX Runtime does not calculate it in float64';
// ONNX's gates are z, r, n; PyTorch's are r, z, n.
const order = 'torch.tensor([2, 3, 0, 1, 4, 5])';

/** @internal */
export const gruCases: OpCase[] = [
  {
    name: 'reset after, bias and initial state',
    ins: [
      [3, 2, 3],
      [1, 6, 3],
      [1, 6, 2],
      [1, 12],
      [1, 2, 2],
    ],
    domain: [-1, 1],
    build: (x, w, r, b, initialH) => {
      const { y, h } = gru(x!, w!, r!, { b, initialH, resetAfter: true });
      return [y, h];
    },
    torch:
      `(lambda o: (o[0].unsqueeze(1), o[1]))(torch.gru(a, e, ` +
      `[b[0][${order}], c[0][${order}], d[0, :6][${order}], d[0, 6:][${order}]], True, 1, 0.0, False, False, False))`,
    float32: reason,
  },
  {
    name: 'both directions',
    ins: [
      [3, 2, 3],
      [2, 6, 3],
      [2, 6, 2],
    ],
    domain: [-1, 1],
    build: (x, w, r) => gru(x!, w!, r!, { direction: 'bidirectional', resetAfter: true }).y,
    torch:
      `torch.gru(a, torch.zeros(2, 2, 2, dtype=a.dtype), [b[0][${order}], c[0][${order}], b[1][${order}], c[1][${order}]], ` +
      `False, 1, 0.0, False, True, False)[0].reshape(3, 2, 2, 2).transpose(1, 2)`,
    float32: reason,
  },
  {
    // One step, so that the formula fits on a page.
    name: 'reset before',
    ins: [
      [1, 2, 3],
      [1, 6, 3],
      [1, 6, 2],
      [1, 12],
      [1, 2, 2],
    ],
    domain: [-1, 1],
    build: (x, w, r, b, initialH) => gru(x!, w!, r!, { b, initialH }).h,
    torch:
      `(lambda x, h, r, q: (lambda z, s: (z * h + (1 - z) * torch.tanh(x[:, 4:] + (s * h) @ r[4:].T + q[4:]))[None])` +
      `(torch.sigmoid(x[:, :2] + h @ r[:2].T + q[:2]), torch.sigmoid(x[:, 2:4] + h @ r[2:4].T + q[2:4])))` +
      `(a[0] @ b[0].T + d[0, :6], e[0], c[0], d[0, 6:])`,
    float32: reason,
  },
];
