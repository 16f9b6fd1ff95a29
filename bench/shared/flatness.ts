import { quantile } from './statistics.ts';

/** Samples of memory, in MB, and how flat they are. */
export class Memory {
  readonly #samples: number[] = [];

  /** Notes the resident size now. */
  sample(): void {
    this.#samples.push(process.memoryUsage.rss() / 2 ** 20);
  }

  /** The largest distance of a sample from the median, as a share of it. */
  get deviation(): number {
    const middle = quantile(this.#samples, 0.5);
    return Math.max(...this.#samples.map((sample) => Math.abs(sample / middle - 1)));
  }

  /** '183.2 MB at first, 184.0 MB in the middle, 183.9 MB at last; 80 samples'. */
  toString(): string {
    const first = this.#samples[0]!;
    const last = this.#samples.at(-1)!;
    const shown = [`${first.toFixed(1)} MB at first`, `${quantile(this.#samples, 0.5).toFixed(1)} MB in the middle`, `${last.toFixed(1)} MB at last`];
    return `${shown.join(', ')}; from ${Math.min(...this.#samples).toFixed(1)} to ${Math.max(...this.#samples).toFixed(1)} MB; ${this.#samples.length} samples`;
  }
}
