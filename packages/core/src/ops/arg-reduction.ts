// What ArgMax and ArgMin have in common.
import type { Info } from '../graph/index.ts';
import { axisIn, reducedShape } from './rules.ts';

/** Their attributes. */
export const argReductionAttrs = {
  axis: { kind: 'int', default: 0 },
  keepdims: { kind: 'int', default: 1 },
  select_last_index: { kind: 'int', default: 0 },
} as const;

/** Positions along one axis. */
export const inferArgReduction = (
  what: string,
  data: Info,
  attrs: { readonly axis: number; readonly keepdims: number },
): Info => ({
  dtype: 'int64',
  shape: reducedShape(data.shape, [axisIn(what, attrs.axis, data.shape)], attrs.keepdims === 1),
});

/** How they are called. */
export interface ArgReductionOptions {
  /** -1 (the last) unless told. */
  readonly axis?: number;
  /** Keep the axis with size 1. */
  readonly keepDims?: boolean;
}
