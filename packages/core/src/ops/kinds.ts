// Rules for ops that take only some kinds of dtype.
import { fail } from '../errors.ts';
import type { Info } from '../graph/index.ts';
import { type Dim, type DType, dtypes, isInteger, type Shape } from '../tensor/index.ts';
import { axisIn, broadcastShapes, elementwise, floating, knownDims } from './rules.ts';

type Typed = { readonly dtype: DType; readonly shape: Shape };

/** An input that can be calculated with. */
export function numeric(what: string, { dtype, shape }: Info): Typed {
  if (dtype === 'bool' || dtype === 'string')
    throw fail('dtype-mismatch', { what, got: dtype, want: 'numbers', fix: "Cast it first: cast(x, 'float32')." });
  return { dtype, shape };
}

/** An input of whole numbers. */
export function whole(what: string, x: Info, kind: 'integer' | 'unsigned integer'): Typed {
  const fits = kind === 'integer' ? isInteger(x.dtype) : dtypes[x.dtype].kind === 'uint';
  if (!fits)
    throw fail('dtype-mismatch', { what, got: x.dtype, want: `an ${kind} dtype`, fix: "Cast it first: cast(x, 'uint32')." });
  return { dtype: x.dtype, shape: x.shape };
}

/** For ops that keep the numbers of a list of sizes: the sizes, where they are known. */
export function knownSizes(x: Info): { readonly dims?: Shape } {
  const dims = isInteger(x.dtype) && x.shape.length < 2 ? knownDims(x) : undefined;
  return dims ? { dims } : {};
}

/** The result of arithmetic on two inputs. `sizes` does the same with sizes, where the inputs are lists of these. */
export function arithmetic(
  what: string,
  a: Info,
  b: Info,
  sizes?: (a: Dim, b: Dim) => Dim | undefined,
): Typed & { readonly dims?: Shape } {
  const typed = elementwise(what, numeric(what, a), numeric(what, b));
  const [p, q] = sizes && typed.shape.length < 2 ? [knownSizes(a).dims, knownSizes(b).dims] : [];
  if (!p || !q) return typed;
  const count = Math.max(p.length, q.length);
  const dims = Array.from({ length: count }, (_, i) => sizes!(p[p.length === 1 ? 0 : i]!, q[q.length === 1 ? 0 : i]!));
  return dims.every((d) => d !== undefined) ? { ...typed, dims } : typed;
}

/** The result of comparing two inputs by size. */
export const ordered = (what: string, a: Info, b: Info): Typed => ({ ...arithmetic(what, a, b), dtype: 'bool' });

/** An input of truth values. */
export function truth(what: string, x: Info): Typed {
  if (x.dtype !== 'bool')
    throw fail('dtype-mismatch', { what, got: x.dtype, want: 'bool', fix: 'Compare it first: greater(x, 0).' });
  return { dtype: 'bool', shape: x.shape };
}

/** The result of joining two inputs of truth values. */
export const logical = (what: string, a: Info, b: Info): Typed => ({
  dtype: 'bool',
  shape: broadcastShapes(what, truth(what, a).shape, truth(what, b).shape),
});

/** An input of floats that has this axis. */
export function alongAxis(what: string, x: Info, axis: number): Typed {
  axisIn(what, axis, x.shape);
  return floating(what, x);
}
