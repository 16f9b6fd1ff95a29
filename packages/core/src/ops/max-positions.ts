// Where the largest element of each window stands, in ops that have kernels everywhere: window by window position, all windows at once.
import { constant, type Value } from '../graph/index.ts';
import { type Dim, isStatic, sizeOf, tensor } from '../tensor/index.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { greater } from './greater.ts';
import { max } from './max.ts';
import { mul } from './mul.ts';
import { pad } from './pad.ts';
import type { Windows } from './pool-window.ts';
import { range } from './range.ts';
import { reshape } from './reshape.ts';
import { dimsOf } from './shape.ts';
import { slice } from './slice.ts';
import { where } from './where.ts';

const lowest = -3.4e38;

/** int64, counted through all of `x`, the first of those that tie. Undefined where sizes are known only at run time. */
export function maxPositions(x: Value, windows: readonly Windows[]): Value | undefined {
  const [batch, channels, ...sizes] = x.shape as [Dim, Dim, ...Dim[]];
  const counts = windows.map(({ count }) => count);
  if (!isStatic(sizes) || !isStatic(counts) || typeof channels !== 'number') return undefined;
  if (windows.some(({ before, after }) => before === undefined || after === undefined)) return undefined;
  const none: readonly [number, number] = [0, 0];
  const margins = windows.map(({ before, span, stride, count }, i): readonly [number, number] => {
    const reach = ((count as number) - 1) * stride + span - before! - sizes[i]!;
    return [before!, Math.max(0, reach)];
  });
  const whole = pad(x, [none, none, ...margins], { value: lowest });
  let best: Value | undefined;
  let at: Value | undefined;
  for (const tap of tapsOf(windows)) {
    const seen = slice(whole, {
      starts: tap,
      ends: tap.map((start, i) => start + (counts[i]! - 1) * windows[i]!.stride + 1),
      axes: windows.map(({ axis }) => axis),
      steps: windows.map(({ stride }) => stride),
    });
    const place = constant(tensor(placesOf(tap, windows, { sizes, counts }), { shape: [1, 1, ...counts] }));
    at = best && at ? where(greater(seen, best), place, at) : place;
    best = best ? max(best, seen) : seen;
  }
  const images = mul(range(0, typeof batch === 'number' ? batch : dimsOf([batch], x), 1), channels * sizeOf(sizes));
  const first = reshape(cast(images, 'int32'), [-1, 1, ...counts.map(() => 1)]);
  const planes = constant(
    tensor(
      Int32Array.from({ length: channels }, (_, c) => c * sizeOf(sizes)),
      { shape: [1, channels, ...counts.map(() => 1)] },
    ),
  );
  return cast(add(add(at!, planes), first), 'int64');
}

/** Every element of a window, by its offset on each axis, the last axis fastest. */
const tapsOf = (windows: readonly Windows[]): number[][] =>
  windows.reduce<number[][]>(
    (taps, { kernel, dilation }) => taps.flatMap((tap) => Array.from({ length: kernel }, (_, k) => [...tap, k * dilation])),
    [[]],
  );

/** For each window, where in the image the element at this offset stands. */
function placesOf(
  tap: readonly number[],
  windows: readonly Windows[],
  { sizes, counts }: { readonly sizes: readonly number[]; readonly counts: readonly number[] },
): Int32Array {
  let places = [0];
  for (const [i, { stride, before }] of windows.entries())
    places = places.flatMap((place) =>
      Array.from({ length: counts[i]! }, (_, window) => place * sizes[i]! + window * stride + tap[i]! - before!),
    );
  return Int32Array.from(places);
}
