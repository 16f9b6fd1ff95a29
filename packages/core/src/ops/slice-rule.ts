// Which positions a slice takes. ONNX follows NumPy: positions count from the end when negative, and are cut off at the ends.
import { fail } from '../errors.ts';
import type { Info } from '../graph/index.ts';
import { addDims, ceilDivDims, type Dim, showShape, subDims } from '../tensor/index.ts';
import { axesIn, axisIn, knownInts } from './rules.ts';

/** The part taken on one axis. */
export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

interface SliceInputs {
  readonly data: Info;
  readonly starts: Info;
  readonly ends: Info;
  readonly axes?: Info | undefined;
  readonly steps?: Info | undefined;
}

/** The cuts that the inputs of a Slice say. */
export function cutsOf({ data, starts, ends, axes, steps }: SliceInputs): Cut[] {
  const first = knownInts('Slice', 'starts', starts);
  const last = knownInts('Slice', 'ends', ends);
  const along = axes ? knownInts('Slice', 'axes', axes) : first.map((_, i) => i);
  const by = steps ? knownInts('Slice', 'steps', steps) : first.map(() => 1);
  if ([last, along, by].some((list) => list.length !== first.length) || by.includes(0))
    throw fail('bad-value', {
      what: 'Slice',
      got: `starts ${showShape(first)}, ends ${showShape(last)}, axes ${showShape(along)}, steps ${showShape(by)}`,
      want: 'lists of one length, and no step of 0',
    });
  axesIn('Slice', along, data.shape);
  return first.map((start, i) => ({ axis: axisIn('Slice', along[i]!, data.shape), start, end: last[i]!, step: by[i]! }));
}

/** The first position and how many there are, on an axis of `size`. */
export function spanOf({ start, end, step }: Cut, size: number): { first: number; count: number } {
  const clamp = (at: number, least: number, most: number): number => Math.min(Math.max(at < 0 ? at + size : at, least), most);
  const first = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const stop = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  return { first, count: Math.max(0, Math.ceil((stop - first) / step)) };
}

/** All positions taken, on an axis of `size`. */
export function positionsOf(cut: Cut, size: number): number[] {
  const { first, count } = spanOf(cut, size);
  return Array.from({ length: count }, (_, i) => first + i * cut.step);
}

/** How many positions are taken. An axis whose size is known only at run time is taken to be long enough for the cut. */
export function lengthOf(cut: Cut, size: Dim): Dim {
  if (typeof size === 'number') return spanOf(cut, size).count;
  const { start, end, step } = cut;
  // Each bound as (size or 0) + offset; backwards, the bounds are one to the right of the positions they name.
  const far = 2 ** 31 - 1;
  const bound = (at: number, shift: number): { fromEnd: boolean; offset: number } =>
    at >= far
      ? { fromEnd: true, offset: 0 }
      : at <= -far
        ? { fromEnd: false, offset: 0 }
        : { fromEnd: at < 0, offset: at + shift };
  const [low, high] = step > 0 ? [bound(start, 0), bound(end, 0)] : [bound(end, 1), bound(start, 1)];
  const offset = high.offset - low.offset;
  const span =
    high.fromEnd === low.fromEnd
      ? Math.max(0, offset)
      : low.fromEnd
        ? subDims(offset, size)
        : offset > 0
          ? addDims(size, offset)
          : subDims(size, -offset);
  return ceilDivDims(span, Math.abs(step));
}
