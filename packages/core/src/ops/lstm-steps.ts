// A long short-term memory that can be trained: all steps in one op that gives its gates, and its gradient in another.
import { fail } from '../errors.ts';
import { constant, type Info, ownDomain, standIns, type Value } from '../graph/index.ts';
import { type Dim, dimsDiffer, full, type Shape, showShape, sizeOf } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { concat } from './concat.ts';
import { defineOp } from './define.ts';
import { expandLike } from './expand.ts';
import { lstmStep } from './lstm-step.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { floating, sameDtype } from './rules.ts';
import { scan } from './scan.ts';
import { slice } from './slice.ts';
import { split } from './split.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { transpose } from './transpose.ts';
import { unsqueeze } from './unsqueeze.ts';

const attrs = { reverse: { kind: 'int', default: 0 } } as const;
const what = 'LstmSteps';

function mustBe(name: string, info: Info | undefined, shape: Shape): void {
  if (!info || (info.shape.length === shape.length && shape.every((d, i) => !dimsDiffer(d, info.shape[i]!)))) return;
  throw fail('shape-mismatch', { what, got: `${name} ${showShape(info.shape)}`, want: showShape(shape) });
}

const float32 = (ins: readonly (Value | undefined)[]): boolean => ins.every((v) => !v || v.dtype === 'float32');
const quarters = (z: Value, axis: number): readonly Value[] =>
  split(z, Array<number>(4).fill((z.shape[axis] as number) / 4), { axis });

/** @internal */
export const lstmStepsOp = defineOp({
  type: 'LstmSteps',
  domain: ownDomain,
  since: 1,
  inputs: ['x', 'w', 'r', 'h0', 'c0'],
  optional: ['b'],
  outputs: ['h', 'c', 'gates', 'lastH', 'lastC'],
  attrs,
  suits: ({ ins }) => float32(ins),
  flops: ({ x, r }, { gates }) => 2 * sizeOf(gates.shape) * ((x.shape[2] as number) + (r.shape[0] as number)),
  infer({ x, w, r, h0, c0, b }) {
    const { dtype } = floating(what, x);
    for (const other of [w, r, h0, c0, ...(b ? [b] : [])]) sameDtype(what, x, other);
    const [steps, batch, features] = x.shape as [Dim, Dim, Dim];
    const [units] = r.shape;
    if (x.shape.length !== 3 || typeof units !== 'number')
      throw fail('shape-mismatch', {
        what,
        got: `x ${showShape(x.shape)} and r ${showShape(r.shape)}`,
        want: 'x [steps, batch, features] and r [units, 4 * units] of known size',
      });
    mustBe('w', w, [features, 4 * units]);
    mustBe('r', r, [units, 4 * units]);
    mustBe('h0', h0, [batch, units]);
    mustBe('c0', c0, [batch, units]);
    mustBe('b', b, [4 * units]);
    const [all, last] = [
      { dtype, shape: [steps, batch, units] },
      { dtype, shape: [batch, units] },
    ];
    return { h: all, c: all, gates: { dtype, shape: [steps, batch, 4 * units] }, lastH: last, lastC: last };
  },
  expand({ x, w, r, h0, c0, b }, { reverse }) {
    const z = b ? add(matMul(x, w), b) : matMul(x, w);
    const { states, outputs } = scan({
      states: [h0, c0],
      inputs: [z],
      reverse: reverse === 1,
      body([before, state], [now]) {
        const [i, f, fresh, o] = quarters(add(matMul(before!, r), now!), 1);
        const { h, c, gates } = lstmStep({ i: i!, f: f!, o: o!, fresh: fresh! }, state!);
        return { states: [h, c], outputs: [h, c, concat([gates.i, gates.f, gates.fresh, gates.o], { axis: 1 })] };
      },
    });
    return { h: outputs[0]!, c: outputs[1]!, gates: outputs[2]!, lastH: states[0]!, lastC: states[1]! };
  },
  grad({ x, w, r, h0, c0, b, h, c, gates, dh, dlastH, dlastC }, { reverse }, { given, pullBack }) {
    if (given[1] || given[2]) return 'expanded'; // what only gradients read is differentiated only for gradients of gradients
    const seeds = {
      ...(given[0] && { dh }),
      ...(given[3] && { dlastH }),
      ...(given[4] && { dlastC }),
    };
    const { dz, dh0, dc0 } = lstmStepsGradientOp({ r, gates, c, c0, ...seeds }, { reverse });
    const first = unsqueeze(h0, { axes: [0] });
    const before = reverse
      ? concat([slice(h, { starts: [1], ends: [Infinity], axes: [0] }), first], { axis: 0 })
      : concat([first, slice(h, { starts: [0], ends: [-1], axes: [0] })], { axis: 0 });
    // Products over all steps at once; on stand-ins, as the states before come from this very node.
    const { ins, back } = standIns([x, w, r, before, ...(b ? [b] : [])]);
    const [seen, kernel, recurrent, states, bias] = ins as unknown as readonly [Value, Value, Value, Value, Value | undefined];
    const product = add(matMul(seen, kernel), matMul(states, recurrent));
    const terms = pullBack([bias ? add(product, bias) : product], [dz], [seen, kernel, recurrent, ...(bias ? [bias] : [])]);
    const [dx, dw, dr, db] = back(terms as readonly Value[]);
    return { x: dx!, w: dw!, r: dr!, h0: dh0, c0: dc0, b: db ?? null };
  },
});

/** @internal */
export const lstmStepsGradientOp = defineOp({
  type: 'LstmStepsGradient',
  domain: ownDomain,
  since: 1,
  inputs: ['r', 'gates', 'c', 'c0'],
  optional: ['dh', 'dlastH', 'dlastC'],
  outputs: ['dz', 'dh0', 'dc0'],
  attrs,
  suits: ({ ins }) => float32(ins),
  flops: ({ r, gates }) => 2 * sizeOf(gates.shape) * (r.shape[0] as number),
  infer: ({ gates, c0 }) => ({ dz: gates, dh0: c0, dc0: c0 }),
  expand({ r, gates, c, c0, dh, dlastH, dlastC }, { reverse }) {
    const zero = expandLike(constant(full([], 0, c0.dtype)), c0);
    const first = unsqueeze(c0, { axes: [0] });
    const before = reverse
      ? concat([slice(c, { starts: [1], ends: [Infinity], axes: [0] }), first], { axis: 0 })
      : concat([first, slice(c, { starts: [0], ends: [-1], axes: [0] })], { axis: 0 });
    const back = transpose(r);
    const slope = (gate: Value): Value => mul(gate, sub(1, gate));
    const { states, outputs } = scan({
      states: [dlastH ?? zero, dlastC ?? zero],
      inputs: [gates, c, before, ...(dh ? [dh] : [])],
      reverse: reverse !== 1,
      body([later, laterC], [all, state, old, now]) {
        const [i, f, fresh, o] = quarters(all!, 1) as readonly [Value, Value, Value, Value];
        const shown = tanh(state!);
        const d = now ? add(later!, now) : later!;
        const dState = add(laterC!, mul(mul(d, o), sub(1, mul(shown, shown))));
        const dz = concat(
          [
            mul(mul(dState, fresh), slope(i)),
            mul(mul(dState, old!), slope(f)),
            mul(mul(dState, i), sub(1, mul(fresh, fresh))),
            mul(mul(d, shown), slope(o)),
          ],
          { axis: 1 },
        );
        return { states: [matMul(dz, back), mul(dState, f)], outputs: [dz] };
      },
    });
    return { dz: outputs[0]!, dh0: states[0]!, dc0: states[1]! };
  },
  grad: 'expanded',
});

/** What {@link lstmSteps} takes besides the sequence and its weights. */
export interface LstmStepsOptions {
  /** `[4 * units]`. */
  readonly b?: Value | undefined;
  /** `[batch, units]`. */
  readonly h0: Value;
  /** `[batch, units]`. */
  readonly c0: Value;
  /** From the last step to the first. */
  readonly reverse?: boolean;
}

/**
 * Long short-term memory over all steps, to be trained: its gradient is one op as well. Gates in Keras' order: input, forget, candidate,
 * output.
 *
 * Shapes: `x [steps, batch, features], w [features, 4 * units], r [units, 4 * units] -> h [steps, batch, units]`, and the last states
 * `[batch, units]`. Errors: `shape-mismatch`, `dtype-mismatch`. Source: Keras LSTM; Hochreiter and Schmidhuber 1997.
 * @internal
 */
export function lstmSteps(
  x: Value,
  w: Value,
  r: Value,
  { b, h0, c0, reverse = false }: LstmStepsOptions,
): { readonly h: Value; readonly lastH: Value; readonly lastC: Value } {
  return lstmStepsOp({ x, w, r, h0, c0, b }, { reverse: reverse ? 1 : 0 });
}

const torch = (x: string, output: string): string =>
  `(lambda y, h, c: (${output}, h[0], c[0]))(*torch._VF.lstm(${x}, (d.unsqueeze(0), e.unsqueeze(0)), [b.T, c.T, f, torch.zeros_like(f)], True, 1, 0.0, False, False, False))`;

/** @internal */
export const lstmStepsCases: OpCase[] = [
  {
    name: 'forward',
    ins: [[3, 2, 3], [3, 8], [2, 8], [2, 2], [2, 2], [8]],
    domain: [-1, 1],
    build: (x, w, r, h0, c0, b) => {
      const { h, lastH, lastC } = lstmSteps(x!, w!, r!, { b, h0: h0!, c0: c0! });
      return [h, lastH, lastC];
    },
    torch: torch('a', 'y'),
  },
  {
    name: 'backwards',
    ins: [[2, 3, 2], [2, 12], [3, 12], [3, 3], [3, 3], [12]],
    domain: [-1, 1],
    build: (x, w, r, h0, c0, b) => {
      const { h, lastH, lastC } = lstmSteps(x!, w!, r!, { b, h0: h0!, c0: c0!, reverse: true });
      return [h, lastH, lastC];
    },
    torch: torch('a.flip(0)', 'y.flip(0)'),
  },
];
