// The gradient of a convolution's kernels. ONNX has no op for it: the image is unfolded, window by window, into the rows of a matrix.
import { constant, type Value } from '../graph/index.ts';
import { full, isStatic, mulDims, productOf, type Shape, sizeOf, tensor } from '../tensor/index.ts';
import { add } from './add.ts';
import { concat } from './concat.ts';
import { type ConvAxis, isPointwise } from './conv-geometry.ts';
import { expand } from './expand.ts';
import { gather } from './gather.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { pad } from './pad.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshape } from './reshape.ts';
import { scan } from './scan.ts';
import { slice } from './slice.ts';
import { transpose } from './transpose.ts';
import { unsqueeze } from './unsqueeze.ts';

/** A convolution that makes `y` of the image `x`, and how its windows stand. */
export interface Unfolding {
  readonly axes: readonly ConvAxis[];
  readonly group: number;
  /** Of the kernels: [out, in / group, ...window]. */
  readonly kernel: readonly number[];
}

/**
 * The gradient of the kernels: for each position in the window, the product of the image there with `dy`, summed over batch and
 * windows. Shapes: `x [batch, in, ...S], dy [batch, out, ...P] -> [out, in / group, ...window]`.
 */
export function unfoldedGradient(x: Value, dy: Value, how: Unfolding, { inLoop = true } = {}): Value {
  const { group, kernel } = how;
  const [out, width] = [kernel[0]!, kernel[1]!];
  if (isPointwise(how.axes)) return reshape(perKernel(dy, transposed(grouped(x, width, how)), how), kernel);
  if (width === 1 && group > 1) return depthwise(x, dy, how);
  // One pass over memory copies whole rows of channels, if there are enough of them. Few channels are copied in rows of the image.
  const gathered = inLoop && (width >= 8 || how.axes.some(({ stride }) => stride > 1));
  const places = gathered ? placesOf(x.shape, dy.shape, how.axes) : undefined;
  const product = places ? gatheredProduct(x, dy, { places, how }) : perKernel(dy, transposed(sliced(x, how)), how);
  const byTap = reshape(product, [out, ...kernel.slice(2), width]);
  return transpose(byTap, [0, kernel.length - 1, ...kernel.slice(2).map((_, i) => i + 1)]);
}

/** The gradient of what was added to every element of a channel. */
export const biasGradient = (dy: Value): Value =>
  reduceSum(dy, { axes: dy.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])) });

/** `dy` times what it saw: [.., positions, columns] -> [out, columns], summed over the batch. */
function perKernel(dy: Value, columns: Value, { group, kernel }: Unfolding): Value {
  const [batch, ...rest] = matMulShape(dy, group, kernel[0]! / group);
  const sum = reduceSum(matMul(reshape(dy, [batch!, ...rest]), columns), { axes: [0] });
  return reshape(sum, [kernel[0]!, columns.shape.at(-1)!]);
}

/** [batch, channels, ...] as [batch, (group,) width, positions]. */
const matMulShape = ({ shape }: Value, group: number, width: number): Shape => [
  shape[0]!,
  ...(group > 1 ? [group] : []),
  width,
  productOf(shape.slice(2)),
];
const grouped = (x: Value, width: number, { group }: Unfolding): Value => reshape(x, matMulShape(x, group, width));
const transposed = (x: Value): Value => {
  const last = x.shape.length - 1;
  return transpose(
    x,
    x.shape.map((_, axis) => (axis === last ? last - 1 : axis === last - 1 ? last : axis)),
  );
};

/** The image under each tap of the window: [batch, in, ...P], in the order of taps. */
function taps(x: Value, axes: readonly ConvAxis[]): Value[] {
  const none: readonly [number, number] = [0, 0];
  const whole = pad(x, [none, none, ...axes.map(({ before, after }) => [before, after] as const)]);
  return axes.reduce<Value[]>(
    (parts, { axis, kernel, stride, dilation, span }) =>
      parts.flatMap((part) =>
        Array.from({ length: kernel }, (_, tap) => {
          const [start, left] = [tap * dilation, span - 1 - tap * dilation];
          return slice(part, { starts: [start], ends: [left === 0 ? Infinity : -left], axes: [axis], steps: [stride] });
        }),
      ),
    [whole],
  );
}

/** All taps below each other: [batch, (group,) taps * in / group, positions]. */
function sliced(x: Value, how: Unfolding): Value {
  const rows = taps(x, how.axes).map((tap) => grouped(tap, how.kernel[1]!, how));
  return concat(rows, { axis: -2 });
}

/**
 * As {@link perKernel} with all taps beside each other: [out, taps * in / group]. Image by image, so that what is unfolded stays
 * in the processor's cache: twice as fast as all at once, and without the memory. Where windows are so few that adding up the
 * products takes longer than making them, one product of all images.
 */
function gatheredProduct(x: Value, dy: Value, { places, how }: { readonly places: Places; readonly how: Unfolding }): Value {
  const { group, kernel } = how;
  const [out, width] = [kernel[0]!, kernel[1]!];
  const columns = places.taps * width;
  const rows = transposed(grouped(x, width, how)); // one row of channels for each place of the image
  const none: readonly [number, number] = [0, 0];
  const margin: readonly [number, number] = [0, places.outside ? 1 : 0]; // a last row of zeros stands for all places outside
  const images = pad(
    rows,
    rows.shape.map((_, axis) => (axis === rows.shape.length - 2 ? margin : none)),
  );
  const unfolded = (image: Value): Value => gather(image, places.indices, { axis: -2 });
  const seen = grouped(dy, out / group, how);
  if (group === 1 && places.windows < 64) {
    const all = mulDims(x.shape[0]!, places.windows);
    return matMul(reshape(transpose(seen, [1, 0, 2]), [out, all]), reshape(unfolded(images), [all, columns]));
  }
  const matrix = [...(group > 1 ? [group] : []), out / group, columns];
  const [sum] = scan({
    states: [expand(constant(full([], 0, x.dtype)), matrix)],
    inputs: [images, seen],
    body: ([before], [image, what]) => ({
      states: [add(before!, matMul(what!, reshape(unfolded(image!), [...matrix.slice(0, -2), places.windows, columns])))],
      outputs: [],
    }),
  }).states;
  return reshape(sum!, [out, columns]);
}

interface Places {
  readonly indices: Value;
  readonly windows: number;
  readonly taps: number;
  /** True where some window hangs over the edge. */
  readonly outside: boolean;
}

/** A list of so many places is larger than what it saves. */
const mostPlaces = 2 ** 18;

/** For each window and tap the place in the image, or one beyond the last for the margin; nothing where sizes are known only at run time. */
function placesOf(image: Shape, windows: Shape, axes: readonly ConvAxis[]): Places | undefined {
  const [sizes, counts] = [image.slice(2), windows.slice(2)];
  const count = axes.reduce((n, { kernel }) => n * kernel, 1);
  if (!isStatic(sizes) || !isStatic(counts) || sizeOf(counts) * count > mostPlaces) return undefined;
  let places: number[][] = [[0]]; // [window][tap], -1 for outside
  for (const [i, { kernel, stride, dilation, before }] of axes.entries()) {
    const size = sizes[i]!;
    places = places.flatMap((row) =>
      Array.from({ length: counts[i]! }, (_, window) =>
        row.flatMap((place) =>
          Array.from({ length: kernel }, (_, tap) => {
            const at = window * stride + tap * dilation - before;
            return place < 0 || at < 0 || at >= size ? -1 : place * size + at;
          }),
        ),
      ),
    );
  }
  const flat = places.flat();
  const indices = Int32Array.from(flat, (place) => (place < 0 ? sizeOf(sizes) : place));
  return { indices: constant(tensor(indices)), windows: sizeOf(counts), taps: count, outside: flat.includes(-1) };
}

/** One input channel a group: no matrix to multiply with, only products to sum up. */
function depthwise(x: Value, dy: Value, { axes, group, kernel }: Unfolding): Value {
  const each = kernel[0]! / group;
  const perChannel = (v: Value, n: number): Value => reshape(v, [v.shape[0]!, group, n, ...v.shape.slice(2)]);
  const [seen, over] = each === 1 ? [dy, 2] : [perChannel(dy, each), 3];
  const sums = taps(x, axes).map((tap) => {
    const product = mul(each === 1 ? tap : perChannel(tap, 1), seen);
    const sum = reduceSum(product, { axes: [0, ...product.shape.flatMap((_, axis) => (axis >= over ? [axis] : []))] });
    return unsqueeze(reshape(sum, [kernel[0]!]), { axes: [1] });
  });
  return reshape(concat(sums, { axis: 1 }), kernel);
}
