import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import {
  foldIn,
  isFloat,
  normals,
  permutation,
  type RandomKey,
  sameShape,
  showShape,
  Tensor,
  uniforms,
} from '../../tensor/index.ts';

/** Options of {@link mixUp}. */
export interface MixUpOptions {
  /** Of the beta distribution that shares are drawn from: near 0 pictures are hardly mixed, with 1 every share is as likely; 0.2 unless told. */
  readonly alpha?: number | undefined;
}

/** What is mixed: inputs and targets, one row a sample; targets are shares of classes (one-hot) or numbers. */
interface Pair {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Of the gamma distribution (Marsaglia and Tsang 2000). */
function gamma(alpha: number, key: RandomKey): number {
  if (alpha < 1) return gamma(alpha + 1, foldIn(key, 1)) * uniforms(foldIn(key, 2))() ** (1 / alpha);
  const [normal, random] = [normals(foldIn(key, 3)), uniforms(foldIn(key, 4))];
  const d = alpha - 1 / 3;
  for (let i = 0; ; i++) {
    const z = normal(i);
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * z * z + d - d * v + d * Math.log(v)) return d * v;
  }
}

/**
 * Each sample of a batch mixed with another one of it, and their targets with the same share: `λ a + (1 - λ) b`. For `Dataset.map` after `batch`.
 *
 * Shapes: `x [n, ...]` of any numbers to float32; `y [n, ...]` of floats, such as one-hot rows. Errors: `bad-value`, `shape-mismatch`; `dtype-mismatch` for targets
 * that are labels. Source: Zhang et al. 2018, "mixup: beyond empirical risk minimization" (1710.09412); Keras MixUp.
 *
 * @example
 * import { mixUp, randomKey, tensor } from '@stratus/core';
 * const { y } = mixUp()({ x: tensor([[0], [8]]), y: tensor([[1, 0], [0, 1]]) }, randomKey(1));
 * console.log(Math.round((y.data as Float32Array)[0]! + (y.data as Float32Array)[1]!)); // 1
 */
export function mixUp({
  alpha = 0.2,
}: MixUpOptions = {}): (pair: Pair, key: RandomKey) => { x: Tensor<'float32'>; y: Tensor<'float32'> } {
  checkOptions('mixUp', { alpha }, { alpha: 'positive' });
  return ({ x, y }, key) => {
    const [count] = x.shape;
    if (count === undefined || !sameShape([count], y.shape.slice(0, 1)))
      throw fail('shape-mismatch', {
        what: 'mixUp',
        got: `x ${showShape(x.shape)}, y ${showShape(y.shape)}`,
        want: 'one row a sample in both',
      });
    if (!isFloat(y.dtype))
      throw fail('dtype-mismatch', {
        what: 'mixUp',
        got: `targets of ${y.dtype}`,
        want: 'shares of classes',
        fix: 'Turn labels into one-hot rows, and use categoricalCrossentropy.',
      });
    const partner = permutation(count, foldIn(key, 0));
    const shares = Float64Array.from({ length: count }, (_, i) => {
      const own = foldIn(foldIn(key, 1), i);
      const [a, b] = [gamma(alpha, foldIn(own, 0)), gamma(alpha, foldIn(own, 1))];
      return a + b === 0 ? 0.5 : a / (a + b);
    });
    const mixed = (t: Tensor): Tensor<'float32'> => {
      const step = count === 0 ? 0 : t.size / count;
      const data = new Float32Array(t.size);
      for (let i = 0; i < t.size; i++) {
        const row = Math.floor(i / step);
        const other = partner[row]! * step + (i % step);
        data[i] = shares[row]! * Number(t.data[i]) + (1 - shares[row]!) * Number(t.data[other]);
      }
      return new Tensor('float32', t.shape, data);
    };
    return { x: mixed(x), y: mixed(y) };
  };
}
