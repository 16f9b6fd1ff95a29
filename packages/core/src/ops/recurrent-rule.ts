// What ONNX's LSTM, GRU and RNN have in common: directions, and the shapes of weights, states and results.
import { fail } from '../errors.ts';
import type { Info, Sized } from '../graph/index.ts';
import { type Dim, dimsDiffer, type Shape, showShape, sizeOf } from '../tensor/index.ts';
import { floating, sameDtype } from './rules.ts';

/** Attributes that all three have. */
export const recurrentAttrs = {
  activation_alpha: { kind: 'floats' },
  activation_beta: { kind: 'floats' },
  activations: { kind: 'strings' },
  clip: { kind: 'float' },
  direction: { kind: 'string', default: 'forward' },
  hidden_size: { kind: 'int' },
  layout: { kind: 'int', default: 0 },
} as const;

/** In which order steps are read. */
export type Direction = 'forward' | 'reverse' | 'bidirectional';

interface Given {
  readonly direction: string;
  readonly hidden_size?: number | undefined;
  readonly layout: number;
}

/** Shape and dtype of all steps, and of the last state; every other input is checked on the way. */
export function recurrentRule(
  what: string,
  gates: number,
  {
    x,
    w,
    r,
    others,
    lengths,
  }: {
    readonly x: Info;
    readonly w: Info;
    readonly r: Info;
    /** Further float inputs by name, each with its shape after the axis of directions; 'state' is [batch, units]. */
    readonly others: Readonly<Record<string, readonly [Info | undefined, number | 'state']>>;
    readonly lengths: Info | undefined;
  },
  { direction, hidden_size, layout }: Given,
): { readonly y: Info; readonly state: Info } {
  const { dtype } = floating(what, x);
  const directions = { forward: 1, reverse: 1, bidirectional: 2 }[direction];
  if (directions === undefined)
    throw fail('bad-value', { what, got: `direction '${direction}'`, want: 'forward, reverse or bidirectional' });
  if (layout !== 0)
    throw fail('bad-value', {
      what,
      got: `layout ${layout}`,
      want: 'layout 0, steps first: ONNX Runtime has no other',
      fix: 'Transpose the input and the results.',
    });
  if (x.shape.length !== 3)
    throw fail('shape-mismatch', { what, got: `x ${showShape(x.shape)}`, want: '[steps, batch, features]' });
  const [steps, batch, features] = x.shape as [Dim, Dim, Dim];
  const units = r.shape[2];
  if (typeof units !== 'number' || (hidden_size ?? units) !== units)
    throw fail('shape-mismatch', {
      what,
      got: `r ${showShape(r.shape)}${hidden_size === undefined ? '' : ` with hidden_size ${hidden_size}`}`,
      want: `[directions, ${gates} * units, units]`,
    });
  const fits = (name: string, info: Info, shape: Shape): void => {
    if (info.shape.length !== shape.length || shape.some((d, i) => dimsDiffer(d, info.shape[i]!)))
      throw fail('shape-mismatch', { what, got: `${name} ${showShape(info.shape)}`, want: showShape(shape) });
  };
  fits('w', w, [directions, gates * units, features]);
  fits('r', r, [directions, gates * units, units]);
  sameDtype(what, x, w);
  sameDtype(what, x, r);
  for (const [name, [info, size]] of Object.entries(others)) {
    if (!info) continue;
    sameDtype(what, x, info);
    fits(name, info, size === 'state' ? [directions, batch, units] : [directions, size * units]);
  }
  if (lengths) {
    if (lengths.dtype !== 'int32') throw fail('dtype-mismatch', { what, got: `lengths of ${lengths.dtype}`, want: 'int32' });
    fits('lengths', lengths, [batch]);
  }
  return { y: { dtype, shape: [steps, directions, batch, units] }, state: { dtype, shape: [directions, batch, units] } };
}

/** The products of all steps: those with the input, and those with the state. */
export const recurrentFlops = ({ x, w, r }: { readonly x: Sized; readonly w: Sized; readonly r: Sized }): number =>
  2 * x.shape[0]! * x.shape[1]! * (sizeOf(w.shape) + sizeOf(r.shape));

/** The usual activations, once for each direction. */
export const recurrentActivations = (direction: string, usual: readonly string[]): readonly string[] =>
  direction === 'bidirectional' ? [...usual, ...usual] : usual;
