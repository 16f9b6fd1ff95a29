import { type Axis, linearAxis, logAxis } from './axis.ts';
import { type Plot, partsOf } from './curve.ts';

/** What a plot is drawn with: its curves without what cannot be shown, and both directions. */
export interface Drawing {
  readonly curves: readonly { readonly name: string; readonly parts: ReturnType<typeof partsOf> }[];
  readonly x: Axis;
  readonly y: Axis;
  /** Nothing can be shown. */
  readonly isEmpty: boolean;
}

/** `columns`, `rows`: how many lines there may be. */
export function drawingOf(
  { curves, isLog = false }: Plot,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Drawing {
  const drawn = curves.map((curve) => ({ name: curve.name, parts: partsOf(curve, isLog) }));
  const points = drawn.flatMap(({ parts }) => parts.flat());
  const x = linearAxis(
    points.map(({ step }) => step),
    { most: columns, isExact: true },
  );
  const values = points.map(({ value }) => value);
  const y = isLog && values.length > 0 ? logAxis(values, { most: rows }) : linearAxis(values, { most: rows });
  return { curves: drawn, x, y, isEmpty: points.length === 0 };
}
