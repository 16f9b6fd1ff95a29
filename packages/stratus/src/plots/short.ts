/** A number in about four digits, as short as can be. */
export function short(x: number): string {
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e6) return String(x);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return x.toExponential(2).replace('e+', 'e');
  return String(Number(x.toPrecision(4)));
}
