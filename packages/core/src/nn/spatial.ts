// What layers over the axes between batch and channels share: pooling, up-sampling, padding, cropping.
import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { lookUp } from '../suggest.ts';
import { showShape } from '../tensor/index.ts';
import { channelsFirst, channelsLast, elementwise } from './layout.ts';

/** Where the channels are. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/** The number of spatial axes: of sequences, images, volumes. */
export type SpatialRank = 1 | 2 | 3;

/** Where a layer works: what it is called, over how many axes, and how they lie. */
export interface Place {
  readonly what: string;
  readonly rank: SpatialRank;
  readonly dataFormat?: DataFormat | undefined;
}

const axesOf = { 1: 'steps', 2: 'height, width', 3: 'depth, height, width' };
const layouts: Readonly<Record<DataFormat, (rank: SpatialRank) => string>> = {
  channelsLast: (rank) => `[batch, ${axesOf[rank]}, channels]`,
  channelsFirst: (rank) => `[batch, channels, ${axesOf[rank]}]`,
};

/** Throws `unknown-name` for a data format that does not exist. */
export const checkDataFormat = (given: unknown = 'channelsLast'): void => void lookUp('data format', layouts, String(given));

/** Throws unless `x` has the axes of its place. */
export function checkSpatial(x: Value, { what, rank, dataFormat = 'channelsLast' }: Place): void {
  if (x.shape.length !== rank + 2)
    throw fail('shape-mismatch', {
      what,
      got: `input ${showShape(x.shape)}`,
      want: layouts[dataFormat](rank),
      ...(x.shape.length === rank + 1 && { fix: 'Add an axis of one channel with reshape.' }),
    });
}

/** Works on channels-first values, whatever the place. */
export function channelsFirstly(x: Value, place: Place, work: (x: Value) => Value): Value {
  checkSpatial(x, place);
  return place.dataFormat === 'channelsFirst' ? work(x) : channelsLast(work(channelsFirst(x)));
}

/** Works on values that lie as they do; `first` is the first spatial axis. */
export function asTheyLie(x: Value, place: Place, work: (x: Value, first: number) => Value): Value {
  checkSpatial(x, place);
  if (place.dataFormat === 'channelsFirst') return work(x, 2);
  const inputs = [x];
  return elementwise(inputs, (values) => work(values[0]!, values === inputs ? 1 : 2));
}

/** An option of one number for all axes, or a list of one for each. Errors: `bad-value`. */
export function perAxis(
  what: string,
  [name, given]: readonly [name: string, given: number | readonly number[]],
  rank: SpatialRank,
): readonly number[] {
  const list = Array.isArray(given) ? (given as readonly number[]) : Array<number>(rank).fill(given as number);
  if (list.length !== rank || !list.every((n) => Number.isSafeInteger(n) && n >= 1))
    throw fail('bad-value', {
      what,
      got: `${name} = ${Array.isArray(given) ? showShape(list) : String(given)}`,
      want: rank === 1 ? 'a whole number of at least 1' : `a whole number of at least 1, or a list of ${rank}`,
    });
  return list;
}

/** How much to add or cut: of every side, of both sides of each axis, or before and after on each axis. */
export type Margins<Rank extends SpatialRank = SpatialRank> = number | (Rank extends 1 ? Pair : readonly (number | Pair)[]);
type Pair = readonly [before: number, after: number];

/** Margins before and after each axis. Errors: `bad-value`. */
export function marginsOf(what: string, name: string, given: Margins, rank: SpatialRank): Pair[] {
  const list: readonly unknown[] = Array.isArray(given) ? (rank === 1 ? [given] : given) : Array(rank).fill(given);
  const pairs = list.map((side): Pair => (Array.isArray(side) ? (side as unknown as Pair) : [side as number, side as number]));
  if (pairs.length !== rank || !pairs.every((pair) => pair.length === 2 && pair.every((n) => Number.isSafeInteger(n) && n >= 0)))
    throw fail('bad-value', {
      what,
      got: `${name} = ${JSON.stringify(given)}`,
      want:
        rank === 1
          ? 'a whole number from 0, or [before, after]'
          : `a whole number from 0, or a list of ${rank} such numbers or pairs`,
    });
  return pairs;
}
