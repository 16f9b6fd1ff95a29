import { fail } from '../errors.ts';
import { constant, type Info, type Value } from '../graph/index.ts';
import { addDims, full, type Shape, showShape, subDims } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { concat } from './concat.ts';
import { defineOp } from './define.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshapeLike } from './reshape.ts';
import { axesIn, axisIn, ints, knownInts } from './rules.ts';
import { slice } from './slice.ts';
import { sub } from './sub.ts';
import { attributesBecameInputs } from './written.ts';

/** What stands in the margin: one number, the mirrored inside, the nearest element, the other end. */
export type PadMode = 'constant' | 'reflect' | 'edge' | 'wrap';

/** The margin of one axis. */
interface Margin {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

/** @internal */
export const padOp = defineOp({
  type: 'Pad',
  since: 21,
  inputs: ['data', 'pads'],
  optional: ['constant_value', 'axes'],
  outputs: ['output'],
  attrs: { mode: { kind: 'string', default: 'constant' } },
  written: [
    attributesBecameInputs(
      11,
      { pads: { kind: 'ints' }, value: { kind: 'float' }, mode: { kind: 'string', default: 'constant' } },
      { pads: 1, value: 2 },
    ),
  ],
  infer(ins, { mode }) {
    const grown = (shape: Shape, { axis, before, after }: Margin): Shape => {
      const size = shape[axis]!;
      const limit = typeof size === 'string' ? Infinity : mode === 'reflect' ? size - 1 : mode === 'wrap' ? size : Infinity;
      const total = before + after;
      const out = total < 0 ? subDims(size, -total) : addDims(size, total);
      if (
        Math.max(before, after) > limit ||
        (mode !== 'constant' && Math.min(before, after) < 0) ||
        (typeof out === 'number' && out < 0)
      )
        throw fail('bad-value', {
          what: 'Pad',
          got: `a margin of [${before}, ${after}] on axis ${axis} of shape ${showShape(shape)}`,
          want: mode === 'constant' ? 'not to cut off more than there is' : `a margin from 0 to ${limit} in mode '${mode}'`,
        });
      return shape.with(axis, out);
    };
    return { output: { dtype: ins.data.dtype, shape: marginsOf(ins).reduce(grown, ins.data.shape) } };
  },
  grad(ins, { mode }) {
    const { data, constant_value, doutput } = ins;
    const margins = marginsOf(ins);
    const fold = folds[mode as Exclude<PadMode, 'constant'>];
    if (fold) {
      const folded = margins.reduceRight((term, margin) => unpadAxis(term, margin, fold), doutput);
      return { data: reshapeLike(folded, data), pads: null };
    }
    const pads = data.shape.map((_, i): [number, number] => {
      const margin = margins.find(({ axis }) => axis === i);
      return margin ? [-margin.before, -margin.after] : [0, 0];
    });
    const inside = reshapeLike(pad(doutput, pads), data);
    return { data: inside, pads: null, constant_value: constant_value ? sub(reduceSum(doutput), reduceSum(inside)) : null };
  },
});

function marginsOf({
  data,
  pads,
  axes,
}: {
  readonly data: Info;
  readonly pads: Info;
  readonly axes?: Info | undefined;
}): Margin[] {
  const known = knownInts('Pad', 'pads', pads);
  const along = axes ? knownInts('Pad', 'axes', axes) : data.shape.map((_, i) => i);
  axesIn('Pad', along, data.shape);
  if (known.length !== 2 * along.length)
    throw fail('bad-value', { what: 'Pad', got: `${known.length} pads for ${along.length} axes`, want: 'two an axis' });
  return along
    .map((axis, i) => ({ axis: axisIn('Pad', axis, data.shape), before: known[i]!, after: known[i + along.length]! }))
    .filter(({ before, after }) => before !== 0 || after !== 0);
}

/** What a margin adds to the cotangent of the inside, and where: the adjoint of copying it out. */
type Fold = (
  margin: Value,
  at: { readonly axis: number; readonly size: number; readonly side: 'before' | 'after' },
) => { readonly part: Value; readonly start: number };
const folds: Readonly<Partial<Record<string, Fold>>> = {
  reflect: (margin, { axis, size, side }) => ({
    part: slice(margin, { starts: [-1], ends: [-Infinity], axes: [axis], steps: [-1] }),
    start: side === 'before' ? 1 : -size - 1,
  }),
  edge: (margin, { axis, side }) => ({
    part: reduceSum(margin, { axes: [axis], keepDims: true }),
    start: side === 'before' ? 0 : -1,
  }),
  wrap: (margin, { size, side }) => ({ part: margin, start: side === 'before' ? -size : 0 }),
};

function unpadAxis(dy: Value, { axis, before, after }: Margin, fold: Fold): Value {
  // Positions from `start` up to `stop`; 0 as the end means to the end.
  const part = (x: Value, start: number, stop: number): Value =>
    slice(x, { starts: [start], ends: [stop === 0 ? Infinity : stop], axes: [axis] });
  const addAt = (x: Value, { part: term, start }: ReturnType<Fold>): Value => {
    const stop = start + (term.shape[axis] as number);
    const pieces = [add(part(x, start, stop), term)];
    if (start !== 0) pieces.unshift(part(x, 0, start));
    if (stop !== 0) pieces.push(part(x, stop, 0));
    return concat(
      pieces.filter((piece) => piece.shape[axis] !== 0),
      { axis },
    );
  };
  let inside = part(dy, before, -after);
  if (before > 0) inside = addAt(inside, fold(part(dy, 0, before), { axis, size: before, side: 'before' }));
  if (after > 0) inside = addAt(inside, fold(part(dy, -after, 0), { axis, size: after, side: 'after' }));
  return inside;
}

/**
 * Adds a margin before and after each axis; negative numbers cut off instead (in mode 'constant').
 *
 * Modes: `constant` (`value`), `reflect` (mirrored, without the edge itself), `edge` (the nearest element), `wrap` (the other end).
 * Shapes: `[.., n, ..] -> [.., before + n + after, ..]`. Errors: `bad-value` for a margin that the mode cannot fill.
 * Source: ONNX Pad-21, torch.nn.functional.pad (`constant`, `reflect`, `replicate`, `circular`).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.pad(graphInput('x', ['batch', 3]), [[0, 0], [1, 2]]).shape); // ['batch', 6]
 */
export const pad = (
  x: Value,
  pads: readonly (readonly [number, number])[],
  { mode = 'constant', value = 0 }: { readonly mode?: PadMode; readonly value?: number } = {},
): Value =>
  pads.every(([before, after]) => before === 0 && after === 0) && pads.length === x.shape.length
    ? x
    : padOp(
        {
          data: x,
          pads: ints([...pads.map(([before]) => before), ...pads.map(([, after]) => after)]),
          constant_value: value === 0 ? undefined : constant(full([], value, x.dtype)),
        },
        { mode },
      ).output;

/**
 * What stands inside a margin of zeros, and the margins of its axes from `first` on; the value itself where there is none, or axes before have one.
 *
 * @internal
 */
export function withoutZeros(
  x: Value,
  first: number,
): { readonly inside: Value; readonly margins: readonly (readonly [before: number, after: number])[] } {
  const none = { inside: x, margins: [] };
  const [data, pads, filling, axes] = x.node?.op === padOp.op ? x.node.ins : [];
  if (!data || !pads || filling || x.node!.attrs['mode'] !== 'constant') return none;
  const found = marginsOf({ data, pads, axes });
  if (found.some(({ axis, before, after }) => axis < first || before < 0 || after < 0)) return none;
  const margins = data.shape.slice(first).map((_, i) => {
    const margin = found.find(({ axis }) => axis === first + i);
    return [margin?.before ?? 0, margin?.after ?? 0] as const;
  });
  return { inside: data, margins };
}

/** @internal */
export const padCases: OpCase[] = [
  {
    ins: [[2, 3]],
    build: (x) =>
      pad(x, [
        [1, 0],
        [2, 1],
      ]),
    torch: 'F.pad(a, (2, 1, 1, 0))',
  },
  {
    ins: [[3, 4]],
    build: (x) =>
      pad(
        x,
        [
          [0, -1],
          [-2, 3],
        ],
        { value: 1.5 },
      ),
    torch: 'F.pad(a, (-2, 3, 0, -1), value=1.5)',
  },
  {
    ins: [[2, 5]],
    build: (x) =>
      pad(
        x,
        [
          [0, 0],
          [4, 2],
        ],
        { mode: 'reflect' },
      ),
    torch: "F.pad(a, (4, 2), mode='reflect')",
  },
  {
    ins: [[2, 3, 4]],
    build: (x) =>
      pad(
        x,
        [
          [0, 0],
          [2, 1],
          [0, 3],
        ],
        { mode: 'reflect' },
      ),
    torch: "F.pad(a, (0, 3, 2, 1), mode='reflect')",
  },
  {
    ins: [[2, 3]],
    build: (x) =>
      pad(
        x,
        [
          [0, 0],
          [3, 4],
        ],
        { mode: 'edge' },
      ),
    torch: "F.pad(a, (3, 4), mode='replicate')",
  },
  {
    ins: [[2, 1]],
    build: (x) =>
      pad(
        x,
        [
          [0, 0],
          [2, 2],
        ],
        { mode: 'edge' },
      ),
    torch: "F.pad(a, (2, 2), mode='replicate')",
  },
  {
    ins: [[2, 4]],
    build: (x) =>
      pad(
        x,
        [
          [0, 0],
          [4, 3],
        ],
        { mode: 'wrap' },
      ),
    torch: "F.pad(a, (4, 3), mode='circular')",
  },
  {
    ins: [[4, 2]],
    build: (x) =>
      pad(
        x,
        [
          [3, 2],
          [0, 0],
        ],
        { mode: 'reflect' },
      ),
    torch: "F.pad(a.T, (3, 2), mode='reflect').T",
  },
  {
    name: 'value as input',
    ins: [[2, 3], []],
    build: (data, value) => padOp({ data, pads: ints([1, 2]), constant_value: value, axes: ints([-1]) }).output,
    torch: 'torch.cat([b.expand(2, 1), a, b.expand(2, 2)], 1)',
  },
];
