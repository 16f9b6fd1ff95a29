/** A line of a plot. */
export interface Curve {
  /** What the legend calls it. */
  readonly name: string;
  /** In the order of steps. What is no finite number is a gap. */
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

/** What is drawn. */
export interface Plot {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** What goes to the right; 'step' unless told. */
  readonly xName?: string;
  /** Equal distances are equal factors. Values of at most 0 cannot be shown then: they are gaps. */
  readonly isLog?: boolean;
}

/** The parts of a curve between its gaps. */
export function partsOf({ points }: Curve, isLog: boolean): (readonly { readonly step: number; readonly value: number }[])[] {
  const parts: { step: number; value: number }[][] = [[]];
  for (const point of points) {
    if (Number.isFinite(point.value) && (!isLog || point.value > 0)) parts.at(-1)!.push(point);
    else if (parts.at(-1)!.length > 0) parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}
