import type { Value } from '../../graph/index.ts';
import { constant } from '../../graph/index.ts';
import { cast, dimsOf, mul, range, reshape } from '../../ops/index.ts';
import { tensor } from '../../tensor/index.ts';

/** 0, 1, 2, … along an axis of `x`: int64 `[n]`. ONNX Runtime folds it away where the size is known. */
export function positionsAlong(x: Value, axis: number): Value {
  const size = x.shape[axis]!;
  return range(0, typeof size === 'number' ? size : dimsOf([size], x), 1);
}

/**
 * How far each pair of features has turned at each position: `position / maxWavelength^(2i / width)`, `[n, width / 2]`.
 * Source: Vaswani et al. 2017, section 3.5.
 */
export function anglesAlong(
  x: Value,
  axis: number,
  { width, maxWavelength }: { readonly width: number; readonly maxWavelength: number },
): Value {
  const rates = Float32Array.from({ length: Math.ceil(width / 2) }, (_, i) => maxWavelength ** ((-2 * i) / width));
  const positions = reshape(cast(positionsAlong(x, axis), 'float32'), [-1, 1]);
  return cast(mul(positions, constant(tensor(rates))), x.dtype);
}
