import { fail } from '../../errors.ts';
import { normals, showShape } from '../../tensor/index.ts';
import { defineInitializer, type Initializer } from './initializer.ts';

/**
 * A random matrix with orthonormal columns (or rows, if it has fewer rows), times `gain`; 1 unless told. Evenly distributed
 * among all such matrices.
 *
 * Shapes: at least two axes; all but the last count as rows. Errors: `bad-value`, `unknown-name`.
 * Source: keras.initializers.Orthogonal, torch.nn.init.orthogonal_; Saxe, McClelland and Ganguli 2013.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * const [a, b] = initializers.orthogonal().make([2, 2], randomKey(7)).toArray() as number[][];
 * console.log(Math.abs(a![0]! * b![0]! + a![1]! * b![1]!) < 1e-6); // true
 */
export const orthogonal = ({ gain = 1, ...unknown }: { readonly gain?: number } = {}): Initializer =>
  defineInitializer({
    type: 'orthogonal',
    options: { gain },
    rules: { gain: 'number' },
    unknown,
    numbers(shape, key) {
      if (shape.length < 2)
        throw fail('bad-value', { what: 'orthogonal', got: `shape ${showShape(shape)}`, want: 'at least two axes' });
      const columns = shape.at(-1)!;
      const rows = shape.slice(0, -1).reduce((n, d) => n * d, 1);
      const [length, count] = [Math.max(rows, columns), Math.min(rows, columns)];
      const normal = normals(key);
      const vectors = Array.from({ length: count }, (_, j) => Float64Array.from({ length }, (_, i) => normal(j * length + i)));
      orthonormalize(vectors);
      const at = (row: number, column: number): number => (rows >= columns ? vectors[column]![row]! : vectors[row]![column]!);
      return (i) => gain * at(Math.floor(i / columns), i % columns);
    },
  });

/**
 * Gram and Schmidt, in place. It is a QR decomposition whose R has a positive diagonal, which is what makes the result evenly
 * distributed (Mezzadri 2007). Each projection is done twice: then it is orthogonal to rounding (Giraud et al. 2005).
 */
function orthonormalize(vectors: readonly Float64Array[]): void {
  for (const [j, v] of vectors.entries()) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < j; k++) {
        const u = vectors[k]!;
        const along = dot(u, v);
        for (let i = 0; i < v.length; i++) v[i]! -= along * u[i]!;
      }
    }
    const norm = Math.sqrt(dot(v, v));
    if (norm === 0)
      v[j] = 1; // a single number that was drawn as exactly 0
    else for (let i = 0; i < v.length; i++) v[i]! /= norm;
  }
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
