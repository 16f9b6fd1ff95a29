// The gradients of LSTM, GRU and RNN. The kernels do not give their gates, so the rule goes over the steps once more by Scan, and
// differentiates that.
import { fail } from '../errors.ts';
import { constant, type GradientContext, type Value } from '../graph/index.ts';
import { full } from '../tensor/index.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { expandOp } from './expand.ts';
import { less } from './less.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { range } from './range.ts';
import { relu } from './relu.ts';
import { scan } from './scan.ts';
import { dimsOf } from './shape.ts';
import { sigmoid } from './sigmoid.ts';
import { softplus } from './softplus.ts';
import { softsign } from './softsign.ts';
import { split } from './split.ts';
import { squeeze } from './squeeze.ts';
import { tanh } from './tanh.ts';
import { transpose } from './transpose.ts';
import { unsqueeze } from './unsqueeze.ts';

type Activation = (x: Value) => Value;
const activations: Readonly<Record<string, Activation>> = {
  Relu: relu,
  Sigmoid: sigmoid,
  Softplus: softplus,
  Softsign: softsign,
  Tanh: tanh,
};

/** What a rule is given, by ONNX's names. */
interface Unrolled {
  readonly x: Value;
  readonly w: Value;
  readonly r: Value;
  readonly b?: Value | undefined;
  readonly lengths?: Value | undefined;
  /** First states; those that are not given are zeros. */
  readonly initial: readonly (Value | undefined)[];
  readonly direction: string;
  /** What the node says that is not followed here: must be undefined. */
  readonly others: Readonly<Record<string, unknown>>;
  readonly activations: readonly string[];
}

/** The weights of one direction, as products want them. */
interface Direction {
  /** [units, gates * units]. */
  readonly recurrent: Value;
  /** [gates * units]. */
  readonly biasOfState: Value | undefined;
  readonly activations: readonly Activation[];
}

/** The cotangents of x, w, r, b and the first states, in this order. */
export function recurrentGradient(
  what: string,
  given: Unrolled,
  step: (z: Value, states: readonly Value[], way: Direction) => readonly Value[],
  seeds: readonly (Value | undefined)[],
  pullBack: GradientContext['pullBack'],
): (Value | null)[] {
  const unknown = Object.entries(given.others).find(([, value]) => value !== undefined && value !== 0)?.[0];
  const strange = given.activations.find((name) => !activations[name]);
  if (unknown !== undefined || strange !== undefined)
    throw fail('no-gradient', { op: `${what} with ${unknown ?? strange}`, at: '', path: `all inputs of ${what}` });
  const ys = allSteps(given, step);
  const wrt = [given.x, given.w, given.r, given.b, ...given.initial];
  const terms = pullBack(
    ys,
    seeds,
    wrt.filter((v) => v !== undefined),
  );
  let next = 0;
  return wrt.map((v) => (v ? (terms[next++] ?? null) : null));
}

/** All steps of all directions: `[steps, directions, batch, units]`, then each last state. */
function allSteps(
  { x, w, r, b, lengths, initial, direction, activations: names }: Unrolled,
  step: (z: Value, states: readonly Value[], way: Direction) => readonly Value[],
): readonly Value[] {
  const count = r.shape[0] as number;
  const [batch, units] = [x.shape[1]!, r.shape[2] as number];
  const parts = (v: Value): readonly Value[] =>
    split(v, Array<number>(count).fill(1), { axis: 0 }).map((part) => squeeze(part, { axes: [0] }));
  const [ws, rs, bs, firsts] = [parts(w), parts(r), b && parts(b), initial.map((state) => state && parts(state))];
  const none = expandOp({ input: constant(full([], 0, x.dtype)), shape: dimsOf([batch, units], x) }).output;
  const real = lengths && cast(realSteps(x, lengths), x.dtype);
  const padding = real && add(1, mul(real, -1));

  const ways = ws.map((kernel, d) => {
    const half = (b?.shape[1] as number) / 2;
    const [ofInput, ofState] = bs ? split(bs[d]!, [half, half]) : [];
    const z = matMul(x, transpose(kernel));
    const each = names.length / count;
    const way: Direction = {
      recurrent: transpose(rs[d]!),
      biasOfState: ofState,
      activations: names.slice(d * each, (d + 1) * each).map((name) => activations[name]!),
    };
    return scan({
      states: firsts.map((state) => state?.[d] ?? none),
      inputs: [ofInput ? add(z, ofInput) : z, ...(real ? [real, padding!] : [])],
      reverse: direction === 'reverse' || d === 1,
      body(before, [now, isReal, isPadding]) {
        const after = step(now!, before, way);
        if (!isReal) return { states: after, outputs: [after[0]!] };
        const states = after.map((state, i) => add(mul(isReal, state), mul(isPadding!, before[i]!)));
        return { states, outputs: [mul(isReal, states[0]!)] };
      },
    });
  });
  const together = (values: readonly Value[], axis: number): Value =>
    concat(
      values.map((v) => unsqueeze(v, { axes: [axis] })),
      { axis },
    );
  return [
    together(
      ways.map(({ outputs }) => outputs[0]!),
      1,
    ),
    ...initial.map((_, i) =>
      together(
        ways.map(({ states }) => states[i]!),
        0,
      ),
    ),
  ];
}

/** bool [steps, batch, 1]: steps before the end of their row. */
function realSteps(x: Value, lengths: Value): Value {
  const steps = range(0, dimsOf([x.shape[0]!], x), 1);
  return less(unsqueeze(steps, { axes: [1, 2] }), unsqueeze(cast(lengths, 'int64'), { axes: [1] }));
}
