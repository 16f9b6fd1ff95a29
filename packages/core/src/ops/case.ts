import type { Value } from '../graph/index.ts';
import type { DType, Nested, Shape } from '../tensor/index.ts';

/** Where an input of a case comes from. */
export interface CaseInput {
  readonly shape?: readonly number[];
  /** Range to draw from, -2..2 unless told. Keep away from kinks. */
  readonly domain?: readonly [number, number];
  /** Default: the float type under test. Integer and bool inputs are not differentiated. */
  readonly dtype?: DType;
  /** Given numbers instead of drawn ones: for kinks and other points where central differences say nothing, so PyTorch alone judges. */
  readonly values?: Nested;
}

/**
 * One row of an op's test table. Everything about an op is tested from here: inferred shape and dtype against ONNX
 * Runtime, value and gradient against PyTorch, gradients of order 1 and 2 against central differences.
 */
export interface OpCase {
  /** Told apart by name where an op has several. */
  readonly name?: string;
  /**
   * One entry an input: a shape, or more detail. `'any'`: one input of any shape (fast-check draws them).
   * `'broadcast'`: two inputs whose shapes broadcast (drawn).
   */
  readonly ins: readonly (Shape | CaseInput)[] | 'any' | 'broadcast';
  /** Range of drawn inputs, for 'any' and 'broadcast' and as the default of the others. */
  readonly domain?: readonly [number, number];
  /** The op under test, applied to its inputs. */
  readonly build: (...ins: Value[]) => Value | readonly Value[];
  /** The same in PyTorch: a Python expression over a, b, c, … (and torch, F, math). A tuple for several outputs. */
  readonly torch: string;
  /** False where nothing is to be differentiated (comparisons, indices). */
  readonly gradient?: false;
  /** Why the case runs in float32 only (no float64 kernel). */
  readonly float32?: string;
  /** Relative tolerance of values in float32, 1e-5 unless told, with the reason. */
  readonly tolerance?: { readonly value: number; readonly reason: string };
}
