import { constant, type Node, type Value } from '../graph/index.ts';
import { full, isStatic, type Shape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { concat } from './concat.ts';
import { defineOp } from './define.ts';
import { expandLike } from './expand.ts';
import { knownSizes } from './kinds.ts';
import { pad } from './pad.ts';
import { range } from './range.ts';
import { reshapeLike } from './reshape.ts';
import { ints } from './rules.ts';
import { scatterAddRows } from './scatter-add.ts';
import { dimsOf } from './shape.ts';
import { type Cut, cutsOf, lengthOf, positionsOf, spanOf } from './slice-rule.ts';
import { attributesBecameInputs } from './written.ts';

/** The part to take on each of some axes. */
export interface SliceOptions {
  /** First position, one an axis. Negative positions count from the end. */
  readonly starts: readonly number[];
  /** The position to stop before. `Infinity`: to the end; `-Infinity`: to the beginning, for a negative step. */
  readonly ends: readonly number[];
  /** 0, 1, 2, … unless told. */
  readonly axes?: readonly number[] | undefined;
  /** 1 unless told; negative steps go backwards. Never 0. */
  readonly steps?: readonly number[] | undefined;
}

/** @internal */
export const sliceOp = defineOp({
  type: 'Slice',
  since: 13,
  inputs: ['data', 'starts', 'ends'],
  optional: ['axes', 'steps'],
  outputs: ['output'],
  written: [
    attributesBecameInputs(
      10,
      { starts: { kind: 'ints' }, ends: { kind: 'ints' }, axes: { kind: 'ints' } },
      { starts: 1, ends: 2, axes: 3 },
    ),
  ],
  infer(ins) {
    const { data } = ins;
    const cuts = cutsOf(ins);
    const shape = cuts.reduce<Shape>((s, cut) => s.with(cut.axis, lengthOf(cut, s[cut.axis]!)), data.shape);
    const { dims: sizes } = data.shape.length === 1 ? knownSizes(data) : {}; // part of a shape
    const dims = sizes && cuts.reduce<Shape>((s, cut) => positionsOf(cut, s.length).map((i) => s[i]!), sizes);
    return { output: { dtype: data.dtype, shape, ...(dims && { dims }) } };
  },
  grad: (ins) => ({ data: putBack(ins.doutput, ins.data, cutsOf(ins)), starts: null, ends: null }),
});

/** Zeros shaped like `data`, with `part` where the cuts took it from. */
function putBack(part: Value, data: Value, cuts: readonly Cut[]): Value {
  if (part.shape.includes(0)) return zerosLike(data);
  if (isStatic(data.shape) && cuts.every(({ step }) => step === 1)) {
    const pads = data.shape.map((): [number, number] => [0, 0]);
    for (const cut of cuts) {
      const size = data.shape[cut.axis] as number;
      const { first, count } = spanOf(cut, size);
      pads[cut.axis] = [first, size - first - count];
    }
    return pad(part, pads);
  }
  // One axis after the other, last first: `before` is what the cut of that axis was taken from.
  return cuts.reduceRight((term, cut, i) => putBackAxis(term, take(data, cuts.slice(0, i)), cut), part);
}

function putBackAxis(part: Value, before: Value, cut: Cut): Value {
  const { axis, start, end, step } = cut;
  const size = before.shape[axis]!;
  if (step === -1 && part.shape[axis] === size) return take(part, [cut]); // reversed back
  if (step === 1) {
    const head = take(before, [{ axis, start: 0, end: start, step: 1 }]);
    const tail = take(before, [{ axis, start: end, end: Infinity, step: 1 }]);
    const zerosAround = [zerosLike(head), part, zerosLike(tail)].filter((piece) => piece.shape[axis] !== 0);
    return reshapeLike(concat(zerosAround, { axis }), before);
  }
  const positions =
    typeof size === 'number' ? ints(positionsOf(cut, size)) : take(range(0, dimsOf([size], before), 1), [{ ...cut, axis: 0 }]);
  return scatterAddRows(before, positions, part, { axis });
}

/**
 * What a value is the flipped form of, and along which axes; undefined where it is not, or is less.
 *
 * @internal
 */
export function flippedAxes(x: Value): { readonly of: Value; readonly axes: readonly number[] } | undefined {
  const [data, starts, ends, axes, steps] = x.node?.op === sliceOp.op ? x.node.ins : [];
  if (!data || !starts || !ends || !isStatic(data.shape)) return undefined;
  const cuts = cutsOf({ data, starts, ends, axes, steps });
  const whole = cuts.every(({ axis, step }) => step === -1 && x.shape[axis] === data.shape[axis]);
  return whole ? { of: data, axes: cuts.map(({ axis }) => axis) } : undefined;
}

/**
 * What a slice takes, where that is one stretch of one axis whose size is known; undefined where it is more, or no slice.
 *
 * @internal
 */
export function stretchOf({ op, ins }: Node): Record<'axis' | 'size' | 'first' | 'count', number> | undefined {
  const [data, starts, ends, axes, steps] = op === sliceOp.op ? ins : [];
  if (!data || !starts || !ends) return undefined;
  const [cut, ...others] = cutsOf({ data, starts, ends, axes, steps });
  const size = cut && data.shape[cut.axis];
  if (!cut || others.length > 0 || cut.step !== 1 || typeof size !== 'number') return undefined;
  return { axis: cut.axis, size, ...spanOf(cut, size) };
}

const zerosLike = (like: Value): Value => expandLike(constant(full([], 0, like.dtype)), like);

const take = (x: Value, cuts: readonly Cut[]): Value =>
  cuts.length === 0
    ? x
    : slice(x, {
        starts: cuts.map((c) => c.start),
        ends: cuts.map((c) => c.end),
        axes: cuts.map((c) => c.axis),
        steps: cuts.map((c) => c.step),
      });

// The largest whole numbers that JavaScript holds stand for "to the end".
const finite = (list: readonly number[]): Value =>
  ints(list.map((at) => Math.min(Math.max(at, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)));

/**
 * Takes a part along some axes: `x[start:end:step]` on each, as in NumPy.
 *
 * Shapes: `[.., n, ..] -> [.., ceil((end - start) / step), ..]`; positions beyond the ends are cut off. An axis whose size is
 * known only at run time is taken to be long enough. Errors: `bad-value` for lists of different length, a step of 0, an axis
 * outside. Source: ONNX Slice-13, numpy basic slicing.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 10]);
 * console.log(ops.slice(x, { starts: [2], ends: [Infinity], axes: [1] }).shape); // ['batch', 8]
 */
export const slice = (x: Value, { starts, ends, axes, steps }: SliceOptions): Value =>
  sliceOp({ data: x, starts: finite(starts), ends: finite(ends), axes: axes && ints(axes), steps: steps && ints(steps) }).output;

/** @internal */
export const sliceCases: OpCase[] = [
  { ins: [[4, 5]], build: (x) => slice(x, { starts: [1, 0], ends: [3, 4] }), torch: 'a[1:3, 0:4]' },
  { ins: [[2, 6]], build: (x) => slice(x, { starts: [-3], ends: [Infinity], axes: [-1] }), torch: 'a[:, -3:]' },
  { ins: [[2, 7]], build: (x) => slice(x, { starts: [1], ends: [100], axes: [1], steps: [3] }), torch: 'a[:, 1:100:3]' },
  { ins: [[2, 4]], build: (x) => slice(x, { starts: [-1], ends: [-Infinity], axes: [1], steps: [-1] }), torch: 'a.flip(1)' },
  {
    ins: [[5, 4]],
    build: (x) => slice(x, { starts: [1, 3], ends: [-1, 0], axes: [0, 1], steps: [1, -2] }),
    torch: 'a[1:-1].flip(1)[:, 0:3:2]',
  },
  { ins: [[6, 3]], build: (x) => slice(x, { starts: [1], ends: [Infinity], steps: [2] }), torch: 'a[1::2]' },
  { ins: [[5, 2]], build: (x) => slice(x, { starts: [-1], ends: [-Infinity], steps: [-1] }), torch: 'a.flip(0)' },
  { ins: [[5, 2]], build: (x) => slice(x, { starts: [1, 0], ends: [-1, 1] }), torch: 'a[1:-1, 0:1]' },
];
