import type { DType, TypedArray } from './dtype.ts';
import type { Tensor } from './tensor.ts';

/** Below this many elements a plain loop beats one `set` a row. */
const shortRow = 32;
const isBig = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64';

/**
 * Copies `count` rows of `from`, those that `order` names from position `start` on (the rows from `start` on without an order),
 * into the first rows of `to`, which has rows of the same size. Numbers are converted where the dtypes differ, as typed arrays
 * do; nothing is checked.
 */
export function copyRows(
  from: Tensor,
  to: Tensor,
  { order, start, count }: { readonly order?: Uint32Array | undefined; readonly start: number; readonly count: number },
): void {
  const size = from.shape[0] ? from.size / from.shape[0] : 0;
  const rowAt = (i: number): number => (order ? order[start + i]! : start + i) * size;
  if (from.dtype === 'string' || isBig(from.dtype) !== isBig(to.dtype)) {
    const convert = from.dtype === 'string' ? (v: unknown) => v : isBig(to.dtype) ? BigInt : Number;
    const [source, target] = [from.data as ArrayLike<unknown>, to.data as unknown as unknown[]];
    for (let i = 0, at = 0; i < count; i++)
      for (let j = rowAt(i), end = j + size; j < end; j++) target[at++] = convert(source[j] as number);
    return;
  }
  // Numbers on both sides, or bigints on both.
  const [source, target] = [from.data as TypedArray as Float64Array, to.data as TypedArray as Float64Array];
  if (!order) target.set(source.subarray(start * size, (start + count) * size));
  else if (size === 1) for (let i = 0; i < count; i++) target[i] = source[order[start + i]!]!;
  else if (size < shortRow)
    for (let i = 0, at = 0; i < count; i++) for (let j = rowAt(i), end = j + size; j < end; j++) target[at++] = source[j]!;
  else for (let i = 0; i < count; i++) target.set(source.subarray(rowAt(i), rowAt(i) + size), i * size);
}
