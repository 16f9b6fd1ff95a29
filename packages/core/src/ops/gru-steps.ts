// A gated recurrent unit that can be trained: all steps in one op that gives its gates, and its gradient in another.
import { fail } from '../errors.ts';
import { constant, type Info, ownDomain, standIns, type Value } from '../graph/index.ts';
import { type Dim, dimsDiffer, full, type Shape, showShape } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { concat } from './concat.ts';
import { defineOp } from './define.ts';
import { expandLike } from './expand.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { floating, sameDtype } from './rules.ts';
import { scan } from './scan.ts';
import { sigmoid } from './sigmoid.ts';
import { slice } from './slice.ts';
import { split } from './split.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { transpose } from './transpose.ts';
import { unsqueeze } from './unsqueeze.ts';

const attrs = { reset_after: { kind: 'int', default: 1 }, reverse: { kind: 'int', default: 0 } } as const;
const what = 'GruSteps';

function mustBe(name: string, info: Info | undefined, shape: Shape): void {
  if (!info || (info.shape.length === shape.length && shape.every((d, i) => !dimsDiffer(d, info.shape[i]!)))) return;
  throw fail('shape-mismatch', { what, got: `${name} ${showShape(info.shape)}`, want: showShape(shape) });
}

const float32 = (ins: readonly (Value | undefined)[]): boolean => ins.every((v) => !v || v.dtype === 'float32');
const plus = (x: Value, bias: Value | undefined): Value => (bias ? add(x, bias) : x);
const equal = (x: Value, count: number): readonly Value[] =>
  split(x, Array<number>(count).fill((x.shape.at(-1) as number) / count), { axis: -1 });
/** The columns of both gates, and those of the candidate. */
const gatesAndCandidate = (x: Value): readonly Value[] => {
  const units = (x.shape.at(-1) as number) / 3;
  return split(x, [2 * units, units], { axis: -1 });
};
/** That of the input, and that of the state where it has its own, `[1, 3 * units]`. */
const biases = (b: Value | undefined, resetAfter: boolean): readonly (Value | undefined)[] =>
  b && resetAfter ? split(b, [1, 1], { axis: 0 }) : [b];
/** The state before each step. */
function statesBefore(h: Value, h0: Value, reverse: boolean): Value {
  const first = unsqueeze(h0, { axes: [0] });
  return reverse
    ? concat([slice(h, { starts: [1], ends: [Infinity], axes: [0] }), first], { axis: 0 })
    : concat([first, slice(h, { starts: [0], ends: [-1], axes: [0] })], { axis: 0 });
}

/** @internal */
export const gruStepsOp = defineOp({
  type: 'GruSteps',
  domain: ownDomain,
  since: 1,
  inputs: ['x', 'w', 'r', 'h0'],
  optional: ['b'],
  outputs: ['h', 'gates', 'lastH'],
  attrs,
  suits: ({ ins }) => float32(ins),
  infer({ x, w, r, h0, b }, { reset_after }) {
    const { dtype } = floating(what, x);
    for (const other of [w, r, h0, ...(b ? [b] : [])]) sameDtype(what, x, other);
    const [steps, batch, features] = x.shape as [Dim, Dim, Dim];
    const [units] = r.shape;
    if (x.shape.length !== 3 || typeof units !== 'number')
      throw fail('shape-mismatch', {
        what,
        got: `x ${showShape(x.shape)} and r ${showShape(r.shape)}`,
        want: 'x [steps, batch, features] and r [units, 3 * units] of known size',
      });
    mustBe('w', w, [features, 3 * units]);
    mustBe('r', r, [units, 3 * units]);
    mustBe('h0', h0, [batch, units]);
    mustBe('b', b, reset_after ? [2, 3 * units] : [3 * units]);
    // Update, reset, candidate; and the state's part of the candidate, which the reset gate multiplies, or the state that it has multiplied.
    const gates = { dtype, shape: [steps, batch, 4 * units] };
    return { h: { dtype, shape: [steps, batch, units] }, gates, lastH: { dtype, shape: [batch, units] } };
  },
  expand({ x, w, r, h0, b }, { reset_after, reverse }) {
    const [ofInput, ofState] = biases(b, reset_after === 1);
    const [gateKernel, freshKernel] = reset_after ? [] : gatesAndCandidate(r);
    const { states, outputs } = scan({
      states: [h0],
      inputs: [plus(matMul(x, w), ofInput)],
      reverse: reverse === 1,
      body([before], [now]) {
        const [zUpdate, zReset, zFresh] = equal(now!, 3);
        const sums = gateKernel ? matMul(before!, gateKernel) : plus(matMul(before!, r), ofState);
        const [sUpdate, sReset, sFresh] = equal(sums, gateKernel ? 2 : 3);
        const [update, reset] = [sigmoid(add(zUpdate!, sUpdate!)), sigmoid(add(zReset!, sReset!))];
        const shown = sFresh ?? mul(reset, before!);
        const fresh = tanh(add(zFresh!, freshKernel ? matMul(shown, freshKernel) : mul(reset, shown)));
        const next = add(fresh, mul(update, sub(before!, fresh)));
        return { states: [next], outputs: [next, concat([update, reset, fresh, shown], { axis: 1 })] };
      },
    });
    return { h: outputs[0]!, gates: outputs[1]!, lastH: states[0]! };
  },
  grad({ x, w, r, h0, b, h, gates, dh, dlastH }, { reset_after, reverse }, { given, pullBack }) {
    if (given[1]) return 'expanded'; // what only gradients read is differentiated only for gradients of gradients
    const seeds = { ...(given[0] && { dh }), ...(given[2] && { dlastH }) };
    const { dz, ds, dh0 } = gruStepsGradientOp({ r, gates, h, h0, ...seeds }, { reset_after, reverse });
    // Products over all steps at once; on stand-ins, as the states before come from this very node.
    const { ins, back } = standIns([x, w, r, statesBefore(h, h0, reverse === 1), equal(gates, 4)[3]!, ...(b ? [b] : [])]);
    const [seen, kernel, recurrent, states, shown, bias] = ins as unknown as readonly [
      Value, Value, Value, Value, Value, Value | undefined,
    ]; // biome-ignore format: one list
    const [ofInput, ofState] = biases(bias, reset_after === 1);
    const fromInput = plus(matMul(seen, kernel), ofInput);
    const wanted = [seen, kernel, recurrent, ...(bias ? [bias] : [])];
    const [gateKernel, freshKernel] = reset_after ? [] : gatesAndCandidate(recurrent);
    const terms = gateKernel
      ? pullBack([add(fromInput, concat([matMul(states, gateKernel), matMul(shown, freshKernel!)], { axis: -1 }))], [dz], wanted)
      : pullBack([fromInput, plus(matMul(states, recurrent), ofState)], [dz, ds], wanted);
    const [dx, dw, dr, db] = back(terms as readonly Value[]);
    return { x: dx!, w: dw!, r: dr!, h0: dh0, b: db ?? null };
  },
});

/** @internal */
export const gruStepsGradientOp = defineOp({
  type: 'GruStepsGradient',
  domain: ownDomain,
  since: 1,
  inputs: ['r', 'gates', 'h', 'h0'],
  optional: ['dh', 'dlastH'],
  // Of what the input adds to gates and candidate, and of what the state adds: they differ where the reset gate multiplies the latter.
  outputs: ['dz', 'ds', 'dh0'],
  attrs,
  suits: ({ ins }) => float32(ins),
  infer({ r, h, h0 }) {
    const sums = { dtype: h.dtype, shape: [h.shape[0]!, h.shape[1]!, r.shape[1]!] };
    return { dz: sums, ds: sums, dh0: h0 };
  },
  expand({ r, gates, h, h0, dh, dlastH }, { reset_after, reverse }) {
    const back = transpose(r);
    const units = h0.shape[1] as number;
    const [gatesBack, freshBack] = reset_after ? [] : split(back, [2 * units, units], { axis: 0 });
    const slope = (gate: Value): Value => mul(gate, sub(1, gate));
    const { states, outputs } = scan({
      states: [dlastH ?? expandLike(constant(full([], 0, h0.dtype)), h0)],
      inputs: [gates, statesBefore(h, h0, reverse === 1), ...(dh ? [dh] : [])],
      reverse: reverse !== 1,
      body([later], [all, before, now]) {
        const [update, reset, fresh, shown] = equal(all!, 4) as readonly [Value, Value, Value, Value];
        const d = plus(later!, now);
        const dUpdate = mul(mul(d, sub(before!, fresh)), slope(update));
        const dFresh = mul(mul(d, sub(1, update)), sub(1, mul(fresh, fresh)));
        const kept = mul(d, update);
        if (!freshBack) {
          const dReset = mul(mul(dFresh, shown), slope(reset));
          const ds = concat([dUpdate, dReset, mul(dFresh, reset)], { axis: 1 });
          return { states: [add(kept, matMul(ds, back))], outputs: [concat([dUpdate, dReset, dFresh], { axis: 1 }), ds] };
        }
        const dShown = matMul(dFresh, freshBack);
        const dGates = concat([dUpdate, mul(mul(dShown, before!), slope(reset))], { axis: 1 });
        const state = add(add(kept, mul(dShown, reset)), matMul(dGates, gatesBack!));
        return { states: [state], outputs: [concat([dGates, dFresh], { axis: 1 })] };
      },
    });
    return { dz: outputs[0]!, ds: outputs[1] ?? outputs[0]!, dh0: states[0]! };
  },
  grad: 'expanded',
});

/** What {@link gruSteps} takes besides the sequence and its weights. */
export interface GruStepsOptions {
  /** `[2, 3 * units]`, that of the input and that of the state; `[3 * units]` with `resetAfter: false`. */
  readonly b?: Value | undefined;
  /** `[batch, units]`. */
  readonly h0: Value;
  /** True, the default: the reset gate multiplies the product with the state; false: the state before the product. */
  readonly resetAfter?: boolean;
  /** From the last step to the first. */
  readonly reverse?: boolean;
}

/**
 * Gated recurrent unit over all steps, to be trained: its gradient is one op as well. Gates in Keras' order: update, reset, candidate.
 *
 * Shapes: `x [steps, batch, features], w [features, 3 * units], r [units, 3 * units] -> h [steps, batch, units]`, and the last state
 * `[batch, units]`. Errors: `shape-mismatch`, `dtype-mismatch`. Source: Keras GRU; Cho et al. 2014.
 * @internal
 */
export function gruSteps(
  x: Value,
  w: Value,
  r: Value,
  { b, h0, resetAfter = true, reverse = false }: GruStepsOptions,
): { readonly h: Value; readonly lastH: Value } {
  return gruStepsOp({ x, w, r, h0, b }, { reset_after: resetAfter ? 1 : 0, reverse: reverse ? 1 : 0 });
}

// PyTorch's gates are reset, update, candidate.
const order = (units: number): string => {
  const [update, reset, candidate] = [0, 1, 2].map((gate) => Array.from({ length: units }, (_, i) => gate * units + i));
  return `torch.tensor([${[...reset!, ...update!, ...candidate!].join(', ')}])`;
};
const torch = (units: number): string =>
  `(lambda a, b, c, d, e, o: (lambda y, h: (y, h[0]))(*torch._VF.gru(a, d.unsqueeze(0), ` +
  `[b.T[o], c.T[o], e[0][o], e[1][o]], True, 1, 0.0, False, False, False)))(a, b, c, d, e, ${order(units)})`;

/** @internal */
export const gruStepsCases: OpCase[] = [
  {
    name: 'reset after',
    ins: [
      [3, 2, 3],
      [3, 6],
      [2, 6],
      [2, 2],
      [2, 6],
    ],
    domain: [-1, 1],
    build: (x, w, r, h0, b) => {
      const { h, lastH } = gruSteps(x!, w!, r!, { b, h0: h0! });
      return [h, lastH];
    },
    torch: torch(2),
  },
  {
    name: 'reset before, backwards',
    ins: [[2, 3, 3], [3, 6], [2, 6], [3, 2], [6]],
    domain: [-1, 1],
    build: (x, w, r, h0, b) => {
      const { h, lastH } = gruSteps(x!, w!, r!, { b, h0: h0!, resetAfter: false, reverse: true });
      return [h, lastH];
    },
    torch:
      `(lambda a, b, c, d, e: (lambda step: (lambda p: (lambda q: (torch.stack([q, p]), q))(step(a[0], p)))(step(a[1], d)))` +
      `(lambda x, h: (lambda g: g[:, :2] * h + (1 - g[:, :2]) * torch.tanh(x @ b[:, 4:] + (g[:, 2:] * h) @ c[:, 4:] + e[4:]))` +
      `(torch.sigmoid(x @ b[:, :4] + h @ c[:, :4] + e[:4]))))(a, b, c, d, e)`,
  },
];
