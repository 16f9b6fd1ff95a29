import { fail } from '../../errors.ts';
import { type DType, dtypes, type RandomKey, showShape, Tensor } from '../../tensor/index.ts';

/** What changes a picture at random: `[height, width, channels]`, and a key that decides how. */
export type ImageChange = <D extends DType>(image: Tensor<D>, key: RandomKey) => Tensor<D>;

/** A picture as its parts. Errors: `shape-mismatch`, `dtype-mismatch`. */
export function partsOf(what: string, { shape, dtype }: Tensor): { height: number; width: number; channels: number } {
  const [height, width, channels] = shape;
  if (shape.length !== 3)
    throw fail('shape-mismatch', {
      what,
      got: showShape(shape),
      want: '[height, width, channels], one picture at a time',
      fix: 'Change pictures in map, before batch.',
    });
  if (dtype !== 'uint8' && dtype !== 'float32') throw fail('dtype-mismatch', { what, got: dtype, want: 'uint8 or float32' });
  return { height: height!, width: width!, channels: channels! };
}

/** A picture of the same dtype, all zeros or `fill`. */
export function blank<D extends DType>(like: Tensor<D>, shape: readonly number[], fill = 0): Tensor<D> {
  const data = dtypes[like.dtype].make(shape.reduce((a, b) => a * b, 1)) as Float32Array;
  if (fill !== 0) data.fill(fill);
  return new Tensor(like.dtype, shape, data as never);
}

/** A number as the dtype holds it: bytes are rounded and stay from 0 to 255. */
export const held = (dtype: DType, value: number): number =>
  dtype === 'uint8' ? Math.min(255, Math.max(0, Math.round(value))) : value;

/** The picture moved: what was at `[row + down, column + right]` is at `[row, column]`; `fill` where nothing was. */
export function window<D extends DType>(
  image: Tensor<D>,
  {
    down,
    right,
    height,
    width,
    fill = 0,
  }: { readonly down: number; readonly right: number; readonly height: number; readonly width: number; readonly fill?: number },
): Tensor<D> {
  const [rows, columns, channels] = image.shape as [number, number, number];
  const made = blank(image, [height, width, channels], fill);
  const [from, to] = [image.data as Float32Array, made.data as Float32Array];
  const first = Math.max(0, -right);
  const last = Math.min(width, columns - right);
  if (first >= last) return made;
  for (let row = Math.max(0, -down); row < Math.min(height, rows - down); row++) {
    const source = ((row + down) * columns + first + right) * channels;
    to.set(from.subarray(source, source + (last - first) * channels), (row * width + first) * channels);
  }
  return made;
}
