import type { Value } from '../graph/index.ts';
import { add, cast, clip, div, min, mul, reduceSumSquare, sqrt } from '../ops/index.ts';
import type { DType } from '../tensor/index.ts';

/** Every element into -limit..limit: torch.nn.utils.clip_grad_value_. */
export const clipByValue = (gradients: readonly Value[], limit: number): Value[] =>
  gradients.map((g) => clip(g, { min: -limit, max: limit }));

/** Every gradient on its own to a norm of at most `limit`: torch.nn.utils.clip_grad_norm_ on each. */
export const clipByNorm = (gradients: readonly Value[], limit: number): Value[] =>
  gradients.flatMap((g) => clipByGlobalNorm([g], limit));

/** All gradients together, as if they were one vector: torch.nn.utils.clip_grad_norm_. */
export function clipByGlobalNorm(gradients: readonly Value[], limit: number): Value[] {
  if (gradients.length === 0) return [];
  // A sum of squares overflows in float16, so the norm is taken in float32 at least.
  const dtype: DType = gradients.some((g) => g.dtype === 'float64') ? 'float64' : 'float32';
  const norm = sqrt(gradients.map((g) => reduceSumSquare(as(g, dtype))).reduce((a, b) => add(a, b)));
  const scale = min(div(limit, add(norm, 1e-6)), 1);
  return gradients.map((g) => mul(g, as(scale, g.dtype)));
}

/** The value in this dtype. */
export const as = (x: Value, dtype: DType): Value => (x.dtype === dtype ? x : cast(x, dtype));
