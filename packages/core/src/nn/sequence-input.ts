import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { type Dim, isFloat, showShape } from '../tensor/index.ts';

/** A sequence of vectors of known width. */
export interface Sequence {
  readonly steps: Dim;
  readonly width: number;
}

/** Checks that a value is a batch of sequences of vectors, `[batch, steps, width]`, of floats. */
export function sequenceOf(what: string, x: Value, name = 'input'): Sequence {
  const [, steps, width] = x.shape;
  if (x.shape.length !== 3 || typeof width !== 'number')
    throw fail('shape-mismatch', {
      what,
      got: `${name} ${showShape(x.shape)}`,
      want: '[batch, steps, width] with a known width',
      fix: 'Token ids go through embedding() first.',
    });
  if (!isFloat(x.dtype))
    throw fail('dtype-mismatch', {
      what,
      got: `${name} of ${x.dtype}`,
      want: 'floats',
      fix: 'Token ids go through embedding() first.',
    });
  return { steps: steps!, width };
}
