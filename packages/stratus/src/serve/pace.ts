/** What the next note weighs beside the one before it: the last fifty or so count. */
const memory = 0.98;

/**
 * How long a model's runs take, learnt from those that were: so much for each, and so much for each element in it. Least squares, the last
 * runs counting most.
 */
export class Pace {
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  /** A run of so many elements took so long. */
  note(elements: number, ms: number): void {
    this.#n = this.#n * memory + 1;
    this.#x = this.#x * memory + elements;
    this.#y = this.#y * memory + ms;
    this.#xx = this.#xx * memory + elements * elements;
    this.#xy = this.#xy * memory + elements * ms;
  }

  /** So long for each run, and so long for each element. Nothing where nothing is known yet. */
  get costs(): { readonly runMs: number; readonly elementMs: number } {
    if (this.#n === 0) return { runMs: 0, elementMs: 0 };
    const [meanX, meanY] = [this.#x / this.#n, this.#y / this.#n];
    const spread = this.#xx / this.#n - meanX * meanX;
    // Runs of one size tell nothing of others: then a larger one is taken to cost the same, until it was seen.
    const slope = spread > 1e-6 * meanX * meanX ? (this.#xy / this.#n - meanX * meanY) / spread : 0;
    const elementMs = Math.min(Math.max(slope, 0), meanX === 0 ? 0 : meanY / meanX);
    return { runMs: meanY - elementMs * meanX, elementMs };
  }

  /** How long so many runs of so many elements in all would take, one after another. */
  estimateMs(runs: number, elements: number): number {
    const { runMs, elementMs } = this.costs;
    return runs * runMs + elements * elementMs;
  }
}
