/** So many columns are compared with each other, the first ones: their pairs grow with the square. */
export const mostCorrelated = 24;

/** Pearson's coefficients of columns that are read a piece at a time; a row counts for a pair where both have a number. */
export class Correlation {
  readonly #names: string[] = [];
  /** What is subtracted from each column, so that large numbers that differ little keep their digits. */
  readonly #origins: number[] = [];
  /** For each pair: count, Σx, Σy, Σx², Σy², Σxy. */
  readonly #sums = new Map<string, Float64Array>();

  /** Rows of columns of numbers; what is missing is NaN. */
  add(columns: ReadonlyMap<string, Float64Array>): void {
    for (const [name, values] of columns) {
      if (this.#names.includes(name) || this.#names.length >= mostCorrelated) continue;
      const origin = values.find(Number.isFinite);
      if (origin === undefined) continue; // nothing yet
      this.#names.push(name);
      this.#origins.push(origin);
    }
    for (let i = 0; i < this.#names.length; i++)
      for (let j = 0; j < i; j++) {
        const [x, y] = [columns.get(this.#names[i]!), columns.get(this.#names[j]!)];
        if (x && y) this.#pair(i, j, x, y);
      }
  }

  #pair(i: number, j: number, xs: Float64Array, ys: Float64Array): void {
    const key = `${i} ${j}`;
    const sums = this.#sums.get(key) ?? new Float64Array(6);
    this.#sums.set(key, sums);
    const [left, right] = [this.#origins[i]!, this.#origins[j]!];
    let [n, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0];
    for (let k = 0; k < xs.length; k++) {
      const [x, y] = [xs[k]! - left, ys[k]! - right];
      if (x - x !== 0 || y - y !== 0) continue;
      n++;
      sx += x;
      sy += y;
      sxx += x * x;
      syy += y * y;
      sxy += x * y;
    }
    [n, sx, sy, sxx, syy, sxy].forEach((own, k) => {
      sums[k]! += own;
    });
  }

  /** NaN where one of two columns is the same everywhere, or they have no rows in common. */
  result(): { readonly names: readonly string[]; readonly matrix: readonly (readonly number[])[] } {
    const of = (i: number, j: number): number => {
      if (i === j) return 1;
      const [n, sx, sy, sxx, syy, sxy] = this.#sums.get(i > j ? `${i} ${j}` : `${j} ${i}`) ?? new Float64Array(6);
      const [vx, vy] = [sxx! - (sx! * sx!) / n!, syy! - (sy! * sy!) / n!];
      if (!(n! > 1) || !(vx > 1e-14 * sxx!) || !(vy > 1e-14 * syy!)) return Number.NaN;
      return Math.min(1, Math.max(-1, (sxy! - (sx! * sy!) / n!) / Math.sqrt(vx * vy)));
    };
    return { names: this.#names, matrix: this.#names.map((_, i) => this.#names.map((__, j) => of(i, j))) };
  }
}
