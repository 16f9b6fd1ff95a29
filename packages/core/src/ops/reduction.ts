// What all reductions share: how they are called, their shape rule, and the way back to the shape that was reduced.
import type { Info, Value, Written } from '../graph/index.ts';
import type { DType, Shape } from '../tensor/index.ts';
import type { Emitter } from './define.ts';
import { expandLike } from './expand.ts';
import { reshape } from './reshape.ts';
import { axesIn, ints, knownInts, reducedShape } from './rules.ts';
import { attributesBecameInputs } from './written.ts';

/** How a reduction is called. */
export interface ReduceOptions {
  /** The axes to reduce; all of them unless told. Negative axes count from the end. An empty list reduces nothing. */
  readonly axes?: readonly number[] | undefined;
  /** Keep reduced axes with size 1. */
  readonly keepDims?: boolean;
}

/** The attributes that all reductions have. */
export const reductionAttrs = {
  keepdims: { kind: 'int', default: 1 },
  noop_with_empty_axes: { kind: 'int', default: 0 },
} as const;

/** Before opset 18 (ReduceSum: 13) the axes were an attribute. */
export const axesWereAttribute = (before = 18): Written =>
  attributesBecameInputs(before, { axes: { kind: 'ints' }, keepdims: reductionAttrs.keepdims }, { axes: 1 });

interface ReductionAttrs {
  readonly keepdims: number;
  readonly noop_with_empty_axes: number;
}
interface ReductionInputs {
  readonly data: Info;
  readonly axes?: Info | undefined;
}

/** The axes that a reduction removes, ascending. In ONNX an empty list means all of them, unless an attribute says none. */
export function reducedAxes(what: string, { data, axes }: ReductionInputs, { noop_with_empty_axes }: ReductionAttrs): number[] {
  const named = axes ? knownInts(what, 'axes', axes) : [];
  return named.length > 0 ? axesIn(what, named, data.shape) : noop_with_empty_axes ? [] : data.shape.map((_, i) => i);
}

/** The result of a reduction. */
export const inferReduction = (what: string, ins: ReductionInputs, attrs: ReductionAttrs): { dtype: DType; shape: Shape } => ({
  dtype: ins.data.dtype,
  shape: reducedShape(ins.data.shape, reducedAxes(what, ins, attrs), attrs.keepdims === 1),
});

/** A reduced value with its reduced axes put back as size 1, so that it broadcasts against what was reduced. */
export const keepAxes = (reduced: Value, like: Value, axes: readonly number[]): Value =>
  reshape(reduced, reducedShape(like.shape, axes, true));

/** A reduced value repeated over the axes that were reduced. */
export const spread = (reduced: Value, like: Value, axes: readonly number[]): Value =>
  expandLike(keepAxes(reduced, like, axes), like);

/** Applies a reduction. `alone` is what it makes of each element by itself, for an empty list of axes. */
export function reduce(
  emit: Emitter<'data', 'axes', 'reduced', typeof reductionAttrs>,
  x: Value,
  { axes, keepDims = false, alone = (v) => v }: ReduceOptions & { readonly alone?: (x: Value) => Value },
): Value {
  if (axes?.length === 0) return alone(x);
  return emit({ data: x, axes: axes && ints(axes) }, { keepdims: keepDims ? 1 : 0 }).reduced;
}
