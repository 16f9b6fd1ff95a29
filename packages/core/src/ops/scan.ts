import { fail } from '../errors.ts';
import {
  type Attrs,
  closeGraph,
  constant,
  type Graph,
  graphInput,
  type Info,
  substitute,
  toposort,
  type Value,
} from '../graph/index.ts';
import { type Dim, dimsDiffer, full, type Shape, showShape } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { concat } from './concat.ts';
import { defineVariadicOp } from './define.ts';
import { gather } from './gather.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { axisIn } from './rules.ts';
import { scanGradient } from './scan-gradient.ts';
import { joinScans } from './scan-join.ts';
import { readCount, type ScanPlan, type Steps, scanParts, unlessZero } from './scan-parts.ts';
import { sin } from './sin.ts';
import { tanh } from './tanh.ts';
import { unsqueeze } from './unsqueeze.ts';

/** What the body is fed by position: states as they are, values read in steps without the axis of steps. */
function feeds(ins: readonly (Info | undefined)[], attrs: Attrs): { body: Info[]; time: Dim } {
  const captured = (attrs['body'] as Graph | undefined)?.captured ?? 0;
  const count = ins.length - captured;
  const reads = readCount(attrs);
  const axes = (attrs['scan_input_axes'] as readonly number[] | undefined) ?? [];
  let time: Dim | undefined;
  const body = ins.slice(0, count).map((info, i): Info => {
    const { dtype, shape } = info!;
    const k = i - (count - reads);
    if (k < 0) return { dtype, shape };
    const at = axisIn('Scan', axes[k] ?? 0, shape);
    const steps = shape[at]!;
    if (time !== undefined && dimsDiffer(time, steps))
      throw fail('shape-mismatch', {
        what: 'Scan',
        got: `values of ${time} and of ${steps} steps`,
        want: 'equally many steps in all values that are read step by step',
      });
    if (typeof time !== 'number') time = typeof steps === 'number' ? steps : (time ?? steps);
    return { dtype, shape: shape.toSpliced(at, 1) };
  });
  return { body, time: time ?? 0 };
}

const near = (a: Shape, b: Shape): boolean => a.length === b.length && !a.some((d, i) => dimsDiffer(d, b[i]!));
const show = ({ dtype, shape }: Info): string => `${dtype}${showShape(shape)}`;

/** More nodes than this take longer to prepare than a loop costs. */
const mostNodes = 20_000;

/** Every step by itself, for devices that have no loops. Undefined where only run time knows how many steps there are, or there are too many. */
function unrolled(ins: readonly Value[], attrs: Attrs): readonly Value[] | undefined {
  const { body, results, states, reads, stacks } = scanParts(ins.length, attrs);
  const { time } = feeds(ins, attrs);
  if (typeof time !== 'number' || time === 0 || time * toposort(results).length > mostNodes) return undefined;
  const captured = ins.slice(states + reads.length);
  let now = ins.slice(0, states);
  const stacked: Value[][] = stacks.map(() => []);
  for (let step = 0; step < time; step++) {
    const position = (direction: number): number => (direction === 1 ? time - 1 - step : step);
    const seen = reads.map(({ axis, direction }, i) =>
      gather(ins[states + i]!, constant(full([], position(direction), 'int64')), { axis }),
    );
    const made = substitute(results, new Map([...now, ...seen, ...captured].map((value, i) => [body.inputs[i]!, value])));
    now = made.slice(0, states);
    for (const [i, value] of made.slice(states).entries()) stacked[i]![position(stacks[i]!.direction)] = value;
  }
  return [
    ...now,
    ...stacked.map((values, i) => {
      const axis = axisIn('Scan', stacks[i]!.axis, [time, ...values[0]!.shape]);
      return concat(
        values.map((value) => unsqueeze(value, { axes: [axis] })),
        { axis },
      );
    }),
  ];
}

/** @internal */
export const scanOp = defineVariadicOp({
  type: 'Scan',
  since: 21,
  attrs: {
    body: { kind: 'graph' },
    num_scan_inputs: { kind: 'int' },
    scan_input_axes: { kind: 'ints' },
    scan_input_directions: { kind: 'ints' },
    scan_output_axes: { kind: 'ints' },
    scan_output_directions: { kind: 'ints' },
  },
  written: [{ before: 9, attrs: {}, read: () => [] }], // another op of the same name
  infer(ins, attrs) {
    const { body, results, states, stacks } = scanParts(ins.length, attrs);
    const { body: fed, time } = feeds(ins, attrs);
    for (const [i, inner] of body.inputs.entries()) {
      const given = fed[i] ?? ins[i]!;
      if (inner.dtype !== given.dtype || !near(inner.shape, given.shape))
        throw fail(inner.dtype === given.dtype ? 'shape-mismatch' : 'dtype-mismatch', {
          what: 'Scan',
          got: `${show(given)} for the body's input '${inner.name ?? i}'`,
          want: show(inner),
        });
    }
    return results.map((result, i) => {
      const { dtype, shape } = result;
      if (i >= states) {
        const at = axisIn('Scan', stacks[i - states]!.axis, [time, ...shape]);
        return { dtype, shape: shape.toSpliced(at, 0, time) };
      }
      const state = body.inputs[i]!;
      if (dtype !== state.dtype || !near(shape, state.shape))
        throw fail(dtype === state.dtype ? 'shape-mismatch' : 'dtype-mismatch', {
          what: 'Scan',
          got: `state ${i} as ${show(state)} before a step and ${show(result)} after it`,
          want: 'the same shape and dtype',
        });
      return { dtype, shape: ins[i]!.shape };
    });
  },
  expand: unrolled,
  feeds: (ins, attrs) => ({ body: feeds(ins, attrs).body }),
  join: joinScans,
  grad: (context, attrs): readonly (Value | null)[] =>
    scanGradient({ ...context, attrs }, { build: buildScan, again: (more): readonly Value[] => scanOp(context.ins, more) }),
});

/** Builds a Scan: final states and stacks. */
function buildScan({ states, reads, stacks }: ScanPlan): { states: readonly Value[]; stacks: readonly Value[] } {
  const { graph: body, captured } = closeGraph(
    'body',
    [...states.map((s) => s.inner), ...reads.map((r) => r.inner)],
    Object.fromEntries([
      ...states.map((s, i) => [`next_${i}`, s.next] as const),
      ...stacks.map((s, i) => [`output_${i}`, s.each] as const),
    ]),
  );
  const outs = scanOp([...states.map((s) => s.initial), ...reads.map((r) => r.all), ...captured], {
    body,
    num_scan_inputs: reads.length,
    scan_input_axes: unlessZero(reads.map((r) => r.axis)),
    scan_input_directions: unlessZero(reads.map((r) => r.direction)),
    scan_output_axes: unlessZero(stacks.map((s) => s.axis)),
    scan_output_directions: unlessZero(stacks.map((s) => s.direction)),
  });
  return { states: outs.slice(0, states.length), stacks: outs.slice(states.length) };
}

/** What goes into one step, and what comes out of it. */
export interface ScanOptions {
  /** First values of the states. */
  readonly states: readonly Value[];
  /** Values that are read step by step, `[time, ...]` each. */
  readonly inputs: readonly Value[];
  /** Values that are the same for every step. Other values of the graph may be used as well: they are captured by themselves. */
  readonly captures?: readonly Value[];
  /** From the last step to the first; outputs are in the order of time all the same. */
  readonly reverse?: boolean;
  /** One step: from states and inputs without the axis of time to the next states and to what is stacked. */
  readonly body: (
    states: readonly Value[],
    inputs: readonly Value[],
    captures: readonly Value[],
  ) => { readonly states: readonly Value[]; readonly outputs: readonly Value[] };
}

/**
 * A loop over the steps of sequences: recurrent layers. The body is built once, from values that stand for one step. What it
 * calculates from values around it alone is calculated once, before the loop; so is a random number: for one that differs from
 * step to step, read its key as an input. The gradient is another loop, backwards.
 *
 * Shapes: inputs `[time, ...S]`, in the body `S`; an output `S` of the body is stacked to `[time, ...S]`; states keep their shape.
 * Errors: `shape-mismatch` for inputs of different lengths and for a state whose shape changes, `dtype-mismatch`, `bad-value`.
 * Source: ONNX Scan-21, jax.lax.scan.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['time', 'batch', 3]);
 * const w = graphInput('w', [3, 3]);
 * const { states, outputs } = ops.scan({
 *   states: [graphInput('h', ['batch', 3])],
 *   inputs: [x],
 *   body([h], [now]) {
 *     const next = ops.tanh(ops.add(now!, ops.matMul(h!, w)));
 *     return { states: [next], outputs: [next] };
 *   },
 * });
 * console.log(states[0]!.shape, outputs[0]!.shape); // ['batch', 3] ['time', 'batch', 3]
 */
export function scan({ states, inputs, captures = [], reverse = false, body }: ScanOptions): {
  readonly states: readonly Value[];
  readonly outputs: readonly Value[];
} {
  if (inputs.length === 0)
    throw fail('bad-value', { what: 'Scan', got: 'no inputs', want: 'at least one: it says how many steps there are' });
  const innerStates = states.map((v, i) => graphInput(`state_${i}`, v.shape, v.dtype));
  const innerInputs = inputs.map((v, i) => {
    axisIn('Scan', 0, v.shape);
    return graphInput(`input_${i}`, v.shape.slice(1), v.dtype);
  });
  const step = body(innerStates, innerInputs, captures);
  if (step.states.length !== states.length)
    throw fail('bad-value', {
      what: 'Scan',
      got: `${step.states.length} states after a step`,
      want: `${states.length}, as many as before it`,
    });
  const steps: Steps = { axis: 0, direction: reverse ? 1 : 0 };
  const made = buildScan({
    states: states.map((initial, i) => ({ initial, inner: innerStates[i]!, next: step.states[i]! })),
    reads: inputs.map((all, i) => ({ all, inner: innerInputs[i]!, ...steps })),
    stacks: step.outputs.map((each) => ({ each, ...steps })),
  });
  return { states: made.states, outputs: made.stacks };
}

/** @internal */
export const scanCases: OpCase[] = [
  {
    name: 'recurrent',
    ins: [
      [2, 3],
      [4, 2, 3],
      [3, 3],
    ],
    build(h0, x, u) {
      const { states, outputs } = scan({
        states: [h0!],
        inputs: [x!],
        body([h], [now]) {
          const next = tanh(add(now!, matMul(h!, u!)));
          return { states: [next], outputs: [next] };
        },
      });
      return [...states, ...outputs];
    },
    torch: 'scan(lambda s, x, u=c: ([h := torch.tanh(x[0] + s[0] @ u)], [h]), [a], [b])',
  },
  {
    name: 'backwards, two states',
    ins: [[3], [2, 1], [3, 2, 3], [3]],
    build(p, q, x, w) {
      const { states, outputs } = scan({
        states: [p!, q!],
        inputs: [x!],
        captures: [w!],
        reverse: true,
        body: ([v, m], [now], [scale]) => ({
          states: [sin(mul(v!, scale!)), reduceSum(mul(now!, add(m!, v!)), { axes: [1], keepDims: true })],
          outputs: [mul(m!, now!)],
        }),
      });
      return [...states, ...outputs];
    },
    torch:
      'scan(lambda s, x, w=d: ([torch.sin(s[0] * w), (x[0] * (s[1] + s[0])).sum(1, keepdim=True)], [s[1] * x[0]]), [a, b], [c], True)',
  },
  {
    name: 'no state',
    ins: [
      [2, 3],
      [2, 3],
    ],
    build: (x, y) =>
      scan({ states: [], inputs: [x!, y!], body: (_, [p, q]) => ({ states: [], outputs: [mul(p!, sin(q!))] }) }).outputs,
    torch: '(a * torch.sin(b),)',
  },
];
