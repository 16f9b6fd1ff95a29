import { median } from './statistics.ts';

/** So many samples make a window: garbage that waits for its collection goes up and down within one, a leak goes on from one to the next. */
const window = 10;

/** Samples of a resident size, in MB, and how flat they are. */
export class Memory {
  readonly #samples: number[] = [];

  /** Notes a sample. */
  add(megabytes: number): void {
    this.#samples.push(megabytes);
  }

  /** Samples so far. */
  get count(): number {
    return this.#samples.length;
  }

  get #windows(): number[] {
    const windows: number[] = [];
    for (let i = 0; i + window <= this.#samples.length; i += window) windows.push(median(this.#samples.slice(i, i + window)));
    return windows;
  }

  /** The largest distance of a window's median from the median of all, as a share of it. NaN without a whole window. */
  get deviation(): number {
    const windows = this.#windows;
    if (windows.length === 0) return Number.NaN;
    const middle = median(this.#samples);
    return Math.max(...windows.map((size) => Math.abs(size / middle - 1)));
  }

  /** The most that a window's median lies above that of the first window, as a share of that. NaN without a whole window. */
  get growth(): number {
    const windows = this.#windows;
    return windows.length === 0 ? Number.NaN : Math.max(...windows) / windows[0]! - 1;
  }

  /** '183.2 MB at first, 183.9 MB at last, between 182.0 and 184.1 MB (190 samples from 171.6 to 187.6 MB)'. */
  toString(): string {
    const mb = (size: number): string => size.toFixed(1);
    const windows = this.#windows;
    const between = `between ${mb(Math.min(...windows))} and ${mb(Math.max(...windows))} MB`;
    const all = `${this.count} samples from ${mb(Math.min(...this.#samples))} to ${mb(Math.max(...this.#samples))} MB`;
    return `${mb(windows[0] ?? Number.NaN)} MB at first, ${mb(windows.at(-1) ?? Number.NaN)} MB at last, ${between} (${all})`;
  }
}
