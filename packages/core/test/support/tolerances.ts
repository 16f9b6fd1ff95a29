// How near is near enough: the only place for such numbers.
import type { DType } from '../../src/tensor/index.ts';

interface Tolerances {
  /** Of values against PyTorch's, relative. */
  readonly value: number;
  /** Of gradients against PyTorch's, relative to the largest element. */
  readonly gradient: number;
  /** Of the slope along one direction against central differences, relative to the sum of all its terms. */
  readonly slope: number;
  /** Steps of the central differences: the slope must be right for one of them, as a kink may lie within another. */
  readonly steps: readonly number[];
}

export const tolerances: { readonly [D in DType]?: Tolerances } = {
  float64: { value: 1e-9, gradient: 1e-9, slope: 1e-7, steps: [2 ** -10, 2 ** -16] },
  // Rounding of the loss, 6e-8, divided by the step
  float32: { value: 1e-5, gradient: 1e-5, slope: 1e-3, steps: [2 ** -6] },
};
